use super::*;

const REQUEST: Request<'static> =
    Request { protocol: NETLINK_ROUTE, kind: 18, scope: Scope::List, payload: &[], what: "things" };

fn message(kind: u16, flags: u16, payload: &[u8]) -> Vec<u8> {
    let mut message = ((HEADER + payload.len()) as u32).to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    message.extend([0; 8]);
    message.extend(payload);
    message.resize(message.len().next_multiple_of(4), 0);
    message
}

/// Content of one datagram: the items, and whether it was interrupted or the last.
fn read(datagram: &[u8]) -> Result<(Vec<u8>, bool, bool), HostError> {
    let mut answer = Answer { items: Vec::new(), interrupted: false };
    let mut first = |payload: &[u8]| Ok(payload.first().copied());
    let progress = REQUEST.read_messages(datagram, &mut answer, &mut first)?;
    Ok((answer.items, answer.interrupted, matches!(progress, Progress::Complete)))
}

#[test]
fn each_message_of_a_datagram_is_read_until_the_last() {
    let datagram = [message(16, 2, &[7, 0, 0]), message(16, 2, &[8]), message(3, 2, &[0; 4])];
    assert_eq!(read(&datagram[..2].concat()).unwrap(), (vec![7, 8], false, false));
    assert_eq!(read(&datagram.concat()).unwrap(), (vec![7, 8], false, true));
}

#[test]
fn an_error_at_the_end_of_a_list_is_an_error() {
    let end = message(3, 2, &(-libc::ENOENT).to_ne_bytes());
    assert!(read(&end).unwrap_err().is_unsupported());
    let refusal = message(2, 0, &(-libc::EPERM).to_ne_bytes());
    let error = read(&refusal).unwrap_err();
    assert!(error.is_permission());
    assert!(error.to_string().ends_with("it needs CAP_NET_ADMIN"), "{error}");
}

#[test]
fn an_acknowledgement_ends_an_answer() {
    let datagram = [message(16, 0, &[7]), message(2, 0, &[0; 20])].concat();
    assert_eq!(read(&datagram).unwrap(), (vec![7], false, true));
}

#[test]
fn an_interruption_is_noticed_in_any_message() {
    let datagram = [message(16, NLM_F_DUMP_INTR, &[7]), message(3, 0, &[0; 4])].concat();
    assert_eq!(read(&datagram).unwrap(), (vec![7], true, true));
    assert!(read(&message(3, NLM_F_DUMP_INTR, &[0; 4])).unwrap().1);
}

#[test]
fn lost_or_truncated_messages_are_errors() {
    assert!(read(&message(NLMSG_OVERRUN, 0, &[])).is_err());
    let mut short = message(16, 0, &[7; 8]);
    short.truncate(20);
    assert!(read(&short).is_err());
    assert!(read(&[0; 16]).is_err());
}

#[test]
fn attributes_are_read_without_their_padding_and_flags() {
    let mut bytes = Vec::new();
    push_attribute(&mut bytes, 5 | 0x8000, &[1, 2, 3]);
    push_attribute(&mut bytes, 6, &[]);
    let read: Result<Vec<_>, _> = attributes(&bytes).collect();
    assert_eq!(read.unwrap(), [(5, &[1, 2, 3][..]), (6, &[][..])]);
}
