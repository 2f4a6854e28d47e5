//! Identity of the host: the machine and its boot.

use std::fs;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// File with the machine id (machine-id(5)).
const MACHINE_ID: &str = "/etc/machine-id";

/// File with the id of the boot (random(4)).
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// port12's application id. It never changes, for the ids of all machines would.
const APPLICATION: [u8; 16] = [
    0x3f, 0x9a, 0x61, 0xc4, 0x0b, 0x7e, 0x4d, 0x52, 0x8c, 0x35, 0xd1, 0xe8, 0x46, 0xfb, 0x29, 0x70,
];

/// Id of this machine for port12 alone, as `sd_id128_get_machine_app_specific` makes it (sd-id128(3)), 32 hexadecimal
/// digits; `None` if the machine has none. The id in /etc/machine-id is confidential, and cannot be found from it.
pub fn machine_id() -> Option<String> {
    application_id(&fs::read_to_string(MACHINE_ID).ok()?, APPLICATION)
}

/// Id of this boot, 32 hexadecimal digits; `None` if the kernel does not give it.
pub fn boot_id() -> Option<String> {
    let id = fs::read_to_string(BOOT_ID).ok()?;
    Some(id.trim_end().replace('-', "")).filter(|id| id.len() == 32)
}

fn application_id(machine: &str, application: [u8; 16]) -> Option<String> {
    let machine = u128::from_str_radix(machine.trim_end(), 16).ok().filter(|_| {
        // `uninitialized` stands there during the first boot.
        machine.trim_end().len() == 32
    })?;
    let mut hash = Hmac::<Sha256>::new_from_slice(&machine.to_be_bytes()).ok()?;
    hash.update(&application);
    let hash = hash.finalize().into_bytes();
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    // A UUID of version 4.
    id[6] = id[6] & 0x0f | 0x40;
    id[8] = id[8] & 0x3f | 0x80;
    Some(format!("{:032x}", u128::from_be_bytes(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected id was made with Python's `hmac`.
    #[test]
    fn an_id_is_a_keyed_hash_of_the_machine_s() {
        let machine = "0123456789abcdef0123456789abcdef\n";
        assert_eq!(
            application_id(machine, [7; 16]).as_deref(),
            Some("4532cce2b34c4bc2860a2a7653ef4f54")
        );
        assert_ne!(application_id(machine, [7; 16]), application_id(machine, [8; 16]));
    }

    /// systemd's own tool is asked, where it is installed.
    #[test]
    fn the_id_of_this_machine_is_the_one_that_systemd_makes() {
        let application = APPLICATION.map(|byte| format!("{byte:02x}")).concat();
        let mut tool = std::process::Command::new("systemd-id128");
        let asked = tool.args(["machine-id", "--app-specific", &application]).output();
        match asked.ok().filter(|it| it.status.success()) {
            Some(said) => {
                let said = String::from_utf8(said.stdout).unwrap();
                assert_eq!(machine_id().as_deref(), Some(said.trim_end()));
            }
            None => eprintln!("not run: `systemd-id128 machine-id` gives no id here"),
        }
    }

    #[test]
    fn a_machine_without_an_id_has_none() {
        for text in ["", "uninitialized\n", "0123", "0123456789abcdef0123456789abcdeg"] {
            assert_eq!(application_id(text, APPLICATION), None, "{text}");
        }
    }
}
