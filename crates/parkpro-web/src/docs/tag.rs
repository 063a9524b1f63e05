//! The chapters of the document.

/// A chapter of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    Gate,
    Tickets,
    Lots,
    Slots,
    Tariffs,
    Discounts,
    System,
}

impl Tag {
    pub(crate) const ALL: [Self; 7] =
        [Self::Gate, Self::Tickets, Self::Lots, Self::Slots, Self::Tariffs, Self::Discounts, Self::System];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gate => "Gate",
            Self::Tickets => "Tickets",
            Self::Lots => "Lots",
            Self::Slots => "Slots",
            Self::Tariffs => "Tariffs",
            Self::Discounts => "Discounts",
            Self::System => "System",
        }
    }

    pub(crate) const fn about(self) -> &'static str {
        match self {
            Self::Gate => "Vehicles come and leave.",
            Self::Tickets => "One arrival of one vehicle each; who waits; what a stay costs.",
            Self::Lots => "Car parks: their settings, how full they are, what happened to them.",
            Self::Slots => "Places for one vehicle each.",
            Self::Tariffs => "What stays cost, and why.",
            Self::Discounts => "What is taken off, for whom, and how often.",
            Self::System => "For whoever runs the program.",
        }
    }
}
