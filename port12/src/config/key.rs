//! Description of a key of the policy, and the macro that makes everything else of its declaration.

use toml::Value;

use super::{Origin, Refusal, form::Shape, node::Node, part::Part};

/// Key of the policy outside of `[[port]]`, of a configuration and a layer of it.
pub struct Key<Config, Layer> {
    /// Name in a file.
    pub name: &'static str,
    /// Documentation: lines of a few sentences.
    pub text: &'static str,
    /// Facts besides its type.
    pub about: About,
    /// Description of its type.
    pub shape: fn() -> Shape,
    /// Default as it is written; `None` if there is no value.
    pub default: fn() -> Option<Value>,
    /// Value in force, as it is written.
    pub value: fn(&Config) -> Option<Value>,
    /// Origin of the value in force.
    pub origin: fn(&Config) -> &Origin,
    /// Whether two configurations have the same value.
    pub is_same: fn(&Config, &Config) -> bool,
    /// Reads texts of a flag or of an environment variable.
    pub parse: fn(&mut Layer, &[&str], Origin) -> Result<(), String>,
    /// Reads the value in a file.
    pub(super) read: fn(&mut Layer, &Node<'_>) -> Result<(), Refusal>,
    /// Removes the value.
    pub(super) reset: fn(&mut Layer),
}

/// Facts of a key besides its type.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Heading above it in the file and on the page.
    pub section: &'static str,
    /// Value that differs from the default, as it is written.
    pub example: Option<&'static str>,
    /// Its flag.
    pub flag: Option<Flag>,
    /// Whether a reload changes it.
    pub applies: Applies,
    /// Keys of its table.
    pub parts: &'static [Part],
}

/// Moment at which another value takes effect.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Applies {
    /// At a reload.
    Reload,
    /// At a restart.
    Restart,
}

/// Flag of a key, and its environment variable.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    /// Name without the dashes.
    pub long: &'static str,
    /// Short name.
    pub short: Option<char>,
    /// Environment variable.
    pub env: &'static str,
    /// Name of the value in the help.
    pub value_name: Option<&'static str>,
    /// Help.
    pub help: &'static str,
}

impl About {
    /// A key without flag that a reload changes.
    pub const fn of(section: &'static str) -> Self {
        Self { section, example: None, flag: None, applies: Applies::Reload, parts: &[] }
    }

    /// With an example.
    pub const fn example(self, text: &'static str) -> Self {
        Self { example: Some(text), ..self }
    }

    /// With a flag.
    pub const fn flag(self, flag: Flag) -> Self {
        Self { flag: Some(flag), ..self }
    }

    /// Only a restart changes it.
    pub const fn restart(self) -> Self {
        Self { applies: Applies::Restart, ..self }
    }

    /// With the keys of its table.
    pub const fn parts(self, parts: &'static [Part]) -> Self {
        Self { parts, ..self }
    }
}

impl Flag {
    /// A flag, its environment variable and its help.
    pub const fn new(long: &'static str, env: &'static str, help: &'static str) -> Self {
        Self { long, short: None, env, value_name: None, help }
    }

    /// With a short name.
    pub const fn short(self, short: char) -> Self {
        Self { short: Some(short), ..self }
    }

    /// With a name of its value.
    pub const fn value(self, name: &'static str) -> Self {
        Self { value_name: Some(name), ..self }
    }
}

/// Declares the keys: documentation, name, type, default, form, facts. Makes [`Config`], [`Layer`], [`TABLE`] and
/// [`KEYS`] of them.
///
/// [`TABLE`]: super::TABLE
/// [`KEYS`]: super::KEYS
macro_rules! keys {
    ($(
        $(#[doc = $text:literal])+
        $name:ident: $type:ty = $default:expr, $form:expr, $about:expr;
    )+) => {
        /// The configuration in force: every value, and its origin.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Config {
            /// The policy file, if there is one.
            pub file: Option<PathBuf>,
            /// Drop-ins, in the order in which they were read.
            pub drop_ins: Vec<PathBuf>,
            /// Entries of the drop-in directory that were not read.
            pub unread: Vec<PathBuf>,
            $($(#[doc = $text])+ pub $name: Valued<$type>,)+
            /// Rules for single ports; the later rule wins.
            pub rules: Vec<Valued<PortRule>>,
        }

        /// Values of one source: the policy file outside of its rules, or the command line and the environment. Another
        /// source or the default decides the absent ones.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Layer {
            $($(#[doc = $text])+ pub $name: Option<Valued<$type>>,)+
        }

        impl Config {
            /// Values of the flags, else of the file, else the defaults.
            pub(super) fn resolve(flags: Layer, file: Layer) -> Self {
                Self {
                    file: None,
                    drop_ins: Vec::new(),
                    unread: Vec::new(),
                    $($name: flags.$name.or(file.$name).unwrap_or_else(|| Valued::new($default, Origin::Default)),)+
                    rules: Vec::new(),
                }
            }
        }

        /// Key of the policy outside of `[[port]]`.
        pub type Key = key::Key<Config, Layer>;

        impl Layer {
            /// Values of two files, merged.
            pub(super) fn merge(self, later: Self) -> Self {
                Self {
                    $($name: match (self.$name, later.$name) {
                        (Some(earlier), Some(later)) => Some($form.merge(earlier, later)),
                        (earlier, later) => later.or(earlier),
                    },)+
                }
            }
        }

        /// Names of the keys of a policy file.
        pub const KEYS: &[&str] = &[$(stringify!($name),)+ "reset", "port"];

        /// Keys of the policy outside of `[[port]]`, in the order of the file.
        pub static TABLE: &[Key] = &[$(key::Key {
            name: stringify!($name),
            text: concat!($($text, "\n"),+),
            about: $about,
            shape: || $form.shape(),
            default: || $form.write(&$default),
            value: |config| $form.write(&config.$name.value),
            origin: |config| &config.$name.origin,
            is_same: |one, other| one.$name == other.$name,
            parse: |layer, texts, origin| {
                layer.$name = Some(Valued::new($form.parse(texts)?, origin));
                Ok(())
            },
            read: |layer, node| {
                layer.$name = Some(node.valued(|node| $form.read(node))?);
                Ok(())
            },
            reset: |layer| layer.$name = None,
        },)+];
    };
}

pub(super) use keys;
