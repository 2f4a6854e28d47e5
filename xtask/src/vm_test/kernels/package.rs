//! The names of Debian's kernel packages. Up to 6.18 linux-image has everything; from 6.19 on the
//! bootable image is in linux-binary, and from 7.2 on the modules are in linux-modules.

use super::Series;

const FLAVOUR: &str = "-cloud-amd64";

/// The packages of the newest kernel of a series.
pub fn newest(series: Series, names: &[String]) -> Option<Vec<String>> {
    let versions = names.iter().filter_map(|name| version(name));
    let newest = versions
        .filter(|version| belongs(version, series))
        .max_by_key(|version| numbers(version))?;
    let parts = ["linux-image-", "linux-binary-", "linux-modules-"];
    let packages = parts.map(|part| format!("{part}{newest}{FLAVOUR}"));
    Some(packages.into_iter().filter(|package| names.contains(package)).collect())
}

/// `6.1.0-56` of `linux-image-6.1.0-56-cloud-amd64`.
fn version(name: &str) -> Option<&str> {
    name.strip_prefix("linux-image-")?.strip_suffix(FLAVOUR)
}

/// A package of two numbers is not a kernel: it depends on the newest of its series.
fn belongs(version: &str, series: Series) -> bool {
    match (numbers(version).as_slice(), series) {
        (&[major, minor, _, ..], Series::Numbered(a, b)) => (major, minor) == (a, b),
        (&[_, _, _, ..], Series::Newest) => true,
        _ => false,
    }
}

/// All numbers of a version, in order.
fn numbers(version: &str) -> Vec<u32> {
    version.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 14] = [
        "linux-image-6.1-cloud-amd64",
        "linux-image-6.1.0-9-cloud-amd64",
        "linux-image-6.1.0-56-cloud-amd64",
        "linux-image-6.1.0-57-cloud-amd64-unsigned",
        "linux-image-6.1.0-58-cloud-amd64-dbg",
        "linux-image-6.1.0-59-amd64",
        "linux-image-6.1.0-0.deb11.60-cloud-amd64",
        "linux-image-6.12.117+deb12-cloud-amd64",
        "linux-image-6.12.99+deb12-cloud-amd64",
        "linux-image-7.3.4+deb13-cloud-amd64",
        "linux-binary-7.3.4+deb13-cloud-amd64",
        "linux-modules-7.3.4+deb13-cloud-amd64",
        "linux-image-cloud-amd64",
        "linux-binary-6.19.6+deb13-cloud-amd64",
    ];

    fn packages(series: Series) -> Option<Vec<String>> {
        newest(series, &NAMES.map(str::to_owned))
    }

    #[test]
    fn versions_are_compared_by_number() {
        let of = |series| packages(series).unwrap_or_default();
        assert_eq!(of(Series::Numbered(6, 1)), ["linux-image-6.1.0-56-cloud-amd64"]);
        assert_eq!(of(Series::Numbered(6, 12)), ["linux-image-6.12.117+deb12-cloud-amd64"]);
    }

    #[test]
    fn a_kernel_in_parts_is_fetched_whole() {
        let parts = ["image", "binary", "modules"];
        let expected = parts.map(|part| format!("linux-{part}-7.3.4+deb13-cloud-amd64"));
        assert_eq!(packages(Series::Newest), Some(expected.to_vec()));
    }

    #[test]
    fn a_series_that_debian_lacks_has_no_packages() {
        assert_eq!(packages(Series::Numbered(4, 19)), None);
    }
}
