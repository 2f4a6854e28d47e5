//! Linux cooked captures: what `tcpdump -i any` writes.

/// `LINKTYPE_LINUX_SLL`: packet type, `ARPHRD_` type, address length, address (8), protocol.
pub(super) fn version_1(bytes: &[u8]) -> Option<u16> {
    let header = bytes.first_chunk::<16>()?;
    let [_, _, high, low, .., protocol_high, protocol_low] = *header;
    Some(protocol([high, low], [protocol_high, protocol_low]))
}

/// `LINKTYPE_LINUX_SLL2`: protocol, reserved (2), interface (4), `ARPHRD_` type, packet type,
/// address length, address (8).
pub(super) fn version_2(bytes: &[u8]) -> Option<u16> {
    let header = bytes.first_chunk::<20>()?;
    let [protocol_high, protocol_low, _, _, _, _, _, _, high, low, ..] = *header;
    Some(protocol([high, low], [protocol_high, protocol_low]))
}

/// The EtherType; 0 where the field does not hold one: frame relay, 802.11 and netlink.
fn protocol(hardware: [u8; 2], protocol: [u8; 2]) -> u16 {
    match u16::from_be_bytes(hardware) {
        770 | 801..=803 | 824 => 0,
        _ => u16::from_be_bytes(protocol),
    }
}
