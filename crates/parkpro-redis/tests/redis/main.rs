//! The queue and the bell on real Redis servers, which the tests start themselves.

#[cfg(test)]
mod bell;
#[cfg(test)]
mod histories;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod queue;
#[cfg(test)]
mod setup;
