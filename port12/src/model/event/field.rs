//! Fields of a record: names, typed values, and the parts of a record that show them.

use std::{borrow::Cow, net::IpAddr, time::SystemTime};

/// A value. Formats escape texts; kinds need not.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Unknown, or not applicable: the field is left out.
    Absent,
    /// Text, parts of which others may have chosen.
    Text(String),
    /// Word of a fixed set.
    Word(&'static str),
    /// Number.
    Number(u64),
    /// Yes or no.
    Flag(bool),
    /// Address.
    Address(IpAddr),
    /// Time of day.
    Time(SystemTime),
    /// Values in an order.
    List(Vec<Value>),
    /// Values with names.
    Object(Vec<(Cow<'static, str>, Value)>),
}

/// A field, and the parts of a record that show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name, in lower case with underscores.
    pub name: Cow<'static, str>,
    /// Its value.
    pub value: Value,
    /// Whether documents have it among the typed facts: `alert.context` in EVE.
    pub in_context: bool,
    /// Whether documents have it among the texts to search for: `alert.metadata` in EVE.
    pub in_metadata: bool,
    /// Whether an entry of the journal has it.
    pub in_journal: bool,
    /// Its name in a one-line message, where it is there; netfilter's LOG has the names of packets.
    pub in_message: Option<&'static str>,
}

/// Fields in the order in which they are written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(Vec<Field>);

impl Fields {
    /// Appends a field that no part of a record shows yet.
    pub fn add(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Value>,
    ) -> &mut Field {
        let (name, value) = (name.into(), value.into());
        let (in_context, in_metadata, in_journal, in_message) = (false, false, false, None);
        let field = Field { name, value, in_context, in_metadata, in_journal, in_message };
        let index = self.0.len();
        self.0.push(field);
        &mut self.0[index]
    }

    /// Fields that have a value.
    pub fn known(&self) -> impl Iterator<Item = &Field> {
        self.0.iter().filter(|field| field.value != Value::Absent)
    }
}

impl Field {
    /// Shows it among the typed facts of documents.
    pub fn context(&mut self) -> &mut Self {
        self.in_context = true;
        self
    }

    /// Shows it among the texts of documents.
    pub fn metadata(&mut self) -> &mut Self {
        self.in_metadata = true;
        self
    }

    /// Shows it in entries of the journal.
    pub fn journal(&mut self) -> &mut Self {
        self.in_journal = true;
        self
    }

    /// Shows it in one-line messages, under a name.
    pub fn message(&mut self, name: &'static str) -> &mut Self {
        self.in_message = Some(name);
        self
    }
}

impl Value {
    /// Values with names.
    pub fn object<N: Into<Cow<'static, str>>>(
        members: impl IntoIterator<Item = (N, Self)>,
    ) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

impl From<&'static str> for Value {
    fn from(word: &'static str) -> Self {
        Self::Word(word)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u16> for Value {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<u8> for Value {
    fn from(number: u8) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(number as u64)
    }
}

impl From<IpAddr> for Value {
    fn from(address: IpAddr) -> Self {
        Self::Address(address)
    }
}

impl From<SystemTime> for Value {
    fn from(time: SystemTime) -> Self {
        Self::Time(time)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Into::into)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}
