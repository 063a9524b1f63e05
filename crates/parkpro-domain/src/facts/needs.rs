//! How much of a lot has to be known before commands can be decided.

use crate::{
    command::{Command, Exit, Leaving},
    discount::{DiscountCode, Gift},
    slot::SlotLabel,
    tariff::TariffVersion,
    ticket::TicketId,
    vehicle::PlateKey,
};

/// What has to be loaded of a lot before its commands can be decided. With a parked ticket comes the slot that it is in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// For each: its open ticket in the installation.
    pub plates: Vec<PlateKey>,
    /// For each: its open ticket in the installation, and its newest in this lot unless that is the open one.
    pub leaving: Vec<PlateKey>,
    /// Tickets of this lot.
    pub tickets: Vec<TicketId>,
    /// Slots by label, retired ones too.
    pub labels: Vec<SlotLabel>,
    /// Slots by label, each with the ticket of the vehicle that stands in it.
    pub occupants: Vec<SlotLabel>,
    /// Of all that slots accept, how many free slots at least, best first.
    pub free_slots: i64,
    /// Of every demand, how many waiting tickets at least, first served first.
    pub heads: i64,
    /// Whether stays are to be priced.
    pub prices: bool,
    /// Tariffs that are named.
    pub tariffs: Vec<TariffVersion>,
    /// Discounts that are named.
    pub discounts: Vec<DiscountCode>,
    /// Which of them somebody redeems, and who.
    pub redeemed: Vec<(Leaving, DiscountCode)>,
    /// Tickets that get another plate, which takes over what they have used.
    pub corrected: Vec<(TicketId, PlateKey)>,
}

impl Needs {
    /// Adds what one more command needs.
    pub fn add(&mut self, command: &Command) {
        let plates =
            if matches!(command, Command::Exit { .. }) { &mut self.leaving } else { &mut self.plates };
        plates.extend(command.plate().cloned());
        match command {
            command if command.sorts_the_queue() => self.heads = i64::MAX,
            Command::OpenLot(_)
            | Command::ChangeLot(_)
            | Command::RemoveLot { .. }
            | Command::ReviseTariff { .. } => {}
            Command::AssignTariff(assign) => self.tariffs.push(assign.tariff.clone()),
            Command::AddSlots { slots, .. } => {
                self.labels.extend(slots.iter().map(|slot| slot.label.clone()));
                self.more_heads(slots.len());
            }
            Command::ChangeSlot(change) => {
                self.labels.push(change.label.clone());
                self.labels.extend(change.new_label.clone());
                self.more_heads(1);
                self.free_slots += 1;
            }
            Command::RemoveSlot { label, .. } => {
                self.labels.push(label.clone());
                self.free_slots += 1;
            }
            Command::Enter(_) => self.free_slots += 1,
            Command::ReviseDiscount { code, revision, .. } => {
                self.discounts.push(code.clone());
                self.tariffs.extend(revision.gift().and_then(Gift::tariff).cloned());
            }
            Command::Exit(Exit { vehicle, discounts, .. }) => {
                self.discounts.extend_from_slice(discounts);
                self.redeemed.extend(discounts.iter().map(|code| (vehicle.clone(), code.clone())));
                match vehicle {
                    Leaving::Plate(_) => {}
                    Leaving::Ticket(ticket) => self.tickets.push(*ticket),
                    Leaving::Slot(label) => self.occupants.push(label.clone()),
                }
                self.more_heads(1);
                self.prices = true;
            }
            Command::AttachDiscount { ticket, code } | Command::DetachDiscount { ticket, code } => {
                self.discounts.push(code.clone());
                self.redeemed.push((Leaving::Ticket(*ticket), code.clone()));
                self.tickets.push(*ticket);
                self.more_heads(1);
                self.prices = true;
            }
            Command::AmendTicket { ticket, plate, .. } => {
                self.corrected.extend(plate.iter().map(|plate| (*ticket, plate.key().clone())));
                self.tickets.push(*ticket);
                self.more_heads(1);
            }
            Command::Withdraw { ticket } | Command::Void { ticket, .. } => {
                self.tickets.push(*ticket);
                self.more_heads(1);
            }
        }
    }

    fn more_heads(&mut self, more: usize) {
        self.heads = self.heads.saturating_add(i64::try_from(more).unwrap_or(i64::MAX));
    }
}
