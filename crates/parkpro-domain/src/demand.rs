//! What a vehicle asks of a slot: to be for its class, and to have what it needs.

use std::fmt;

use smol_str::SmolStr;

use crate::{
    invalid::{self, Invalid},
    vehicle::VehicleClass,
};

/// Something that a slot may have and a vehicle may need: `electric`, `accessible`, or what an operator calls it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Feature(SmolStr);

impl Feature {
    /// Reads a name of a-z, 0-9, - and _.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        invalid::name(text, 32, "invalid-feature", "a feature")?;
        Ok(Self(text.into()))
    }

    /// A name that was parsed before.
    pub(crate) fn known(name: &str) -> Self {
        Self(name.into())
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A set of features, in alphabetical order; usually empty. Its text is `accessible+electric`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Features(SmolStr);

const MOST_FEATURES: usize = 8;

impl Features {
    /// The set of these features; repeats do not count.
    pub fn of(mut features: Vec<Feature>) -> Result<Self, Invalid> {
        features.sort();
        features.dedup();
        if features.len() > MOST_FEATURES {
            return Err(Invalid::new("invalid-features", "there are at most 8 features"));
        }
        let names: Vec<&str> = features.iter().map(Feature::as_str).collect();
        Ok(Self(names.join("+").into()))
    }

    /// Reads its text.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::of(names(text).map(Feature::parse).collect::<Result<_, _>>()?)
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A text that was parsed before.
    pub(crate) fn known(text: &str) -> Self {
        Self(text.into())
    }

    /// Their names, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        names(&self.0)
    }
}

/// The names of a set's text, of which the empty set has none.
pub(crate) fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split('+').filter(|name| !name.is_empty())
}

/// What a vehicle asks of a slot. The same slots fit all vehicles of one demand, so the queue has a head for each.
///
/// Its text is the class, and behind a slash what is needed, if anything is: `car`, `car/accessible+electric`. It is
/// what a record keeps as the class of a ticket and finds the heads of the queue by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Demand(SmolStr);

impl Demand {
    /// What a vehicle of this class asks that needs this.
    pub fn of(class: &VehicleClass, needs: &Features) -> Self {
        if needs.is_empty() {
            Self(class.as_str().into())
        } else {
            Self(format!("{class}/{}", needs.0).into())
        }
    }

    /// Reads its text.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let (class, needs) = text.split_once('/').unwrap_or((text, ""));
        Ok(Self::of(&VehicleClass::parse(class)?, &Features::parse(needs)?))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the class.
    pub fn class(&self) -> &str {
        self.halves().0
    }

    /// The names of what is needed, in alphabetical order.
    pub fn needs(&self) -> impl Iterator<Item = &str> {
        names(self.halves().1)
    }

    /// The class, and what is needed.
    pub fn into_parts(self) -> (VehicleClass, Features) {
        let (class, needs) = self.halves();
        (VehicleClass::known(class), Features(needs.into()))
    }

    fn halves(&self) -> (&str, &str) {
        self.0.split_once('/').unwrap_or((&self.0, ""))
    }
}

impl fmt::Display for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_a_small_set() {
        let feature = |name| Feature::parse(name).unwrap();
        let features = Features::of(["electric", "accessible", "electric"].map(feature).to_vec()).unwrap();
        assert_eq!(features.as_str(), "accessible+electric");
        assert_eq!(Features::parse("electric+accessible").unwrap(), features);
        assert!(Features::parse("").unwrap().is_empty());
        assert_eq!(Features::parse("a+b+c+d+e+f+g+h+i").unwrap_err().code, "invalid-features");
        for wrong in ["Electric", "a/b", "a!", "ä"] {
            assert_eq!(Features::parse(wrong).unwrap_err().code, "invalid-feature", "{wrong}");
        }
    }

    #[test]
    fn a_demand_is_read_as_it_is_written() {
        for (text, class, needs) in
            [("car", "car", ""), ("van/accessible+electric", "van", "accessible+electric")]
        {
            let demand = Demand::parse(text).unwrap();
            assert_eq!((demand.as_str(), demand.class()), (text, class));
            assert_eq!(demand.needs().collect::<Vec<_>>().join("+"), needs);
            let (class, needs) = demand.clone().into_parts();
            assert_eq!(Demand::of(&class, &needs), demand);
        }
        for wrong in ["", "/electric", "car/electric/x", "car/e!"] {
            assert!(Demand::parse(wrong).is_err(), "{wrong}");
        }
    }
}
