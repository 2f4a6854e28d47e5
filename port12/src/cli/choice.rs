//! Flags whose values are chosen among a few.

use clap::{ValueEnum, builder::PossibleValue};
use strum::{EnumMessage as _, VariantArray as _};

use crate::{
    config::OutputFormat,
    kernel::banning::Scope,
    policy::{Mode, Transit},
    replay::EngineKind,
};

macro_rules! value_enum {
    ($($choice:ty),+) => {$(
        impl ValueEnum for $choice {
            fn value_variants<'a>() -> &'a [Self] {
                Self::VARIANTS
            }

            fn to_possible_value(&self) -> Option<PossibleValue> {
                let help = self.get_documentation().unwrap_or_default();
                let help = help.trim_end_matches('.').replace('\n', " ");
                Some(PossibleValue::new(<&str>::from(*self)).help(help))
            }
        }
    )+};
}

value_enum!(EngineKind, Mode, OutputFormat, Scope, Transit);
