//! Messages and contents of any shape, read in one pass over the text.

use super::record::{Block, Content, Message, Said, Words};
use crate::agents::read::json::Raw;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Everything that a visitor is not asked about: a value of another shape is an empty one.
macro_rules! nothing_else {
    () => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any value")
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Self::text(Cow::Owned(text.to_owned())))
        }
        fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
            Ok(Self::text(Cow::Borrowed(text)))
        }
    };
}

fn skip<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

impl<'de> Deserialize<'de> for Message<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Any {
            fn text(text: Cow<'_, str>) -> Message<'_> {
                Message {
                    bare: Some(text),
                    ..Message::default()
                }
            }
        }
        impl<'de> Visitor<'de> for Any {
            type Value = Message<'de>;
            nothing_else!();
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Content::deserialize(MapAccessDeserializer::new(map))
                    .map(|body| Message { body, bare: None })
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                skip(seq).map(|()| Message::default())
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl<'de> Deserialize<'de> for Said<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Any {
            fn text(text: Cow<'_, str>) -> Said<'_> {
                Said {
                    text: Some(text),
                    blocks: Vec::new(),
                }
            }
        }
        impl<'de> Visitor<'de> for Any {
            type Value = Said<'de>;
            nothing_else!();
            // one block alone need not be in a list
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let block = Block::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Said {
                    text: None,
                    blocks: vec![block],
                })
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut blocks = Vec::new();
                while let Some(AnyBlock(block)) = seq.next_element()? {
                    blocks.push(block);
                }
                Ok(Said { text: None, blocks })
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl<'de> Deserialize<'de> for Words<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Raw::deserialize(deserializer).map(Words::Written)
    }
}

#[derive(Default)]
struct AnyBlock<'a>(Block<'a>);

impl<'de> Deserialize<'de> for AnyBlock<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Any {
            fn text(text: Cow<'_, str>) -> AnyBlock<'_> {
                AnyBlock(Block {
                    text: Words::Bare(text),
                    ..Block::default()
                })
            }
        }
        impl<'de> Visitor<'de> for Any {
            type Value = AnyBlock<'de>;
            nothing_else!();
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Block::deserialize(MapAccessDeserializer::new(map)).map(AnyBlock)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                skip(seq).map(|()| AnyBlock::default())
            }
        }
        deserializer.deserialize_any(Any)
    }
}
