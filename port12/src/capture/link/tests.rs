use super::*;

const PACKET: &[u8] = &[0x45, 0, 0, 20];

fn read(link: u16, header: &[u8], payload: &[u8]) -> (Layer, Vec<u8>, usize) {
    let bytes = [header, payload].concat();
    let mut scratch = Vec::new();
    let framing = LinkType(link).framing().unwrap();
    let framed = framing.read(&bytes, bytes.len() + 10, &mut scratch);
    (framed.layer, framed.bytes.to_vec(), framed.original_length)
}

fn ethernet(protocol: [u8; 2], payload: &[u8]) -> Vec<u8> {
    [&[0; 12], &protocol[..], payload].concat()
}

#[test]
fn ethernet_and_raw_ip_are_given_as_they_are() {
    assert_eq!(read(1, &[], PACKET), (Layer::Ethernet, PACKET.to_vec(), 14));
    for link in [12, 14, 101, 228, 229] {
        assert_eq!(read(link, &[], PACKET), (Layer::Ip, PACKET.to_vec(), 14));
    }
}

#[test]
fn loopback_families_are_read_in_either_order() {
    for family in [2, 10, 23, 24, 28, 30] {
        for header in [[family, 0, 0, 0], [0, 0, 0, family]] {
            assert_eq!(read(0, &header, PACKET), (Layer::Ip, PACKET.to_vec(), 14));
        }
        assert_eq!(read(108, &[0, 0, 0, family], PACKET), (Layer::Ip, PACKET.to_vec(), 14));
    }
}

#[test]
fn another_family_comes_out_as_a_frame_without_ip() {
    for link in [0, 108] {
        let expected = (Layer::Ethernet, ethernet([0, 0], PACKET), 28);
        assert_eq!(read(link, &[0, 0, 0, 7], PACKET), expected);
    }
}

fn sll(hardware: u16, protocol: [u8; 2]) -> Vec<u8> {
    [&[0, 0], &hardware.to_be_bytes()[..], &[0; 10], &protocol].concat()
}

fn sll2(hardware: u16, protocol: [u8; 2]) -> Vec<u8> {
    [&protocol[..], &[0; 6], &hardware.to_be_bytes(), &[0; 10]].concat()
}

#[test]
fn a_cooked_ip_packet_is_read_at_l3() {
    for protocol in [[0x08, 0], [0x86, 0xdd]] {
        let expected = (Layer::Ip, PACKET.to_vec(), 14);
        assert_eq!(read(113, &sll(1, protocol), PACKET), expected);
        assert_eq!(read(276, &sll2(1, protocol), PACKET), expected);
    }
}

#[test]
fn a_cooked_arp_or_vlan_frame_gets_an_ethernet_header() {
    for protocol in [[0x08, 0x06], [0x81, 0]] {
        let expected = (Layer::Ethernet, ethernet(protocol, PACKET), 28);
        assert_eq!(read(113, &sll(1, protocol), PACKET), expected);
        assert_eq!(read(276, &sll2(1, protocol), PACKET), expected);
    }
}

#[test]
fn a_cooked_netlink_message_is_no_ip_packet() {
    let expected = (Layer::Ethernet, ethernet([0, 0], PACKET), 28);
    assert_eq!(read(113, &sll(824, [0x08, 0]), PACKET), expected);
    assert_eq!(read(276, &sll2(824, [0x08, 0]), PACKET), expected);
}

#[test]
fn a_frame_shorter_than_its_link_header_has_no_byte_to_read() {
    for (link, header) in [(0, 4), (108, 4), (113, 16), (276, 20)] {
        let framing = LinkType(link).framing().unwrap();
        for length in 0..header {
            let bytes = vec![0; length];
            let mut scratch = Vec::new();
            let whole = framing.read(&bytes, length, &mut scratch);
            assert_eq!(whole, Framed { layer: Layer::Ip, bytes: &[], original_length: 0 });
            let cut = framing.read(&bytes, header + 40, &mut scratch);
            assert_eq!(cut, Framed { layer: Layer::Ip, bytes: &[], original_length: 40 });
        }
    }
}

#[test]
fn the_length_of_the_check_sequence_is_no_part_of_the_link_type() {
    assert_eq!(LinkType::from_pcap(0x2400_0001), LinkType(1));
}

#[test]
fn what_is_not_read_has_a_name() {
    assert!(!LinkType(105).is_read());
    assert_eq!(LinkType(105).to_string(), "105 (IEEE802_11)");
    assert_eq!(LinkType(9999).to_string(), "9999 (unknown)");
}
