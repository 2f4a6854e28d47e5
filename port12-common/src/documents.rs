//! Names of this crate's enums in documents, with the feature `serde`. The kernel program is built without it.

/// Serializes an enum as its name, and reads it back from that name alone.
macro_rules! named {
    ($name:ident) => {
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                /// Accepts a name, borrowed or not.
                struct Name;

                impl serde::de::Visitor<'_> for Name {
                    type Value = $name;

                    fn expecting(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                        out.write_str(concat!("the name of a variant of ", stringify!($name)))
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        let unknown = || E::invalid_value(serde::de::Unexpected::Str(text), &self);
                        text.parse().map_err(|()| unknown())
                    }
                }

                from.deserialize_str(Name)
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> alloc::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let names = Self::ALL.map(|variant| variant.as_str());
                schemars::json_schema!({ "type": "string", "enum": names })
            }
        }
    };
}
pub(crate) use named;
