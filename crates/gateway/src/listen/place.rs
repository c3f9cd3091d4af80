//! Places for callers' connections: how many there are in all, and how many one address may take.

use crate::setup::Setup;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The places of all workers.
#[derive(Debug, Default)]
pub(super) struct Places {
    open: AtomicUsize,
    /// The places of the addresses that may not have any number.
    by_address: Mutex<HashMap<IpAddr, usize>>,
}

/// A place that is taken. A call keeps the place of its connection until both have ended.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    /// Under which it is counted; `None` where it is not.
    address: Option<IpAddr>,
    /// Whether nine of ten places are taken: what is asked here is put off.
    pub(super) is_scarce: bool,
    /// Counts the places of this worker.
    _here: Rc<()>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// All are taken.
    Full,
    /// The address has as many as it may.
    Greedy,
}

impl Places {
    /// Takes a place for a caller at `address`.
    pub(super) fn take(
        self: &Arc<Self>,
        setup: &Setup,
        address: IpAddr,
        here: &Rc<()>,
    ) -> Result<Rc<Place>, NoPlace> {
        let before = self.open.fetch_add(1, Ordering::Relaxed);
        // From here on its end gives the place back.
        let mut place = Place {
            places: Arc::clone(self),
            address: None,
            is_scarce: before >= share(setup.limits.connections),
            _here: Rc::clone(here),
        };
        if before >= setup.limits.connections {
            return Err(NoPlace::Full);
        }
        if !setup.door.is_unlimited(address) {
            let address = network(address);
            place.address = self.count(address, setup.door.per_address).then_some(address);
            place.address.ok_or(NoPlace::Greedy)?;
        }
        Ok(Rc::new(place))
    }

    /// Counts one more for an address, unless it has as many as it may.
    fn count(&self, address: IpAddr, most: usize) -> bool {
        let mut all = self.by_address();
        let count = all.entry(address).or_default();
        let free = *count < most;
        *count += usize::from(free);
        if *count == 0 {
            all.remove(&address);
        }
        free
    }

    fn by_address(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.open.fetch_sub(1, Ordering::Relaxed);
        let Some(address) = self.address else { return };
        if let Entry::Occupied(mut count) = self.places.by_address().entry(address) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// Nine tenths.
fn share(limit: usize) -> usize {
    limit.saturating_sub(limit / 10)
}

/// What counts as one address: whoever has one IPv6 address has all of its /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_places_and_gets_them_back() {
        let places = Places::default();
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        assert!(places.count(one, 2) && places.count(one, 2) && !places.count(one, 2));
        assert!(places.count("192.0.2.2".parse().unwrap(), 2));
        assert!(!places.count("192.0.2.3".parse().unwrap(), 0));
        assert_eq!(places.by_address().len(), 2);
    }

    #[test]
    fn ipv6_counts_by_its_network() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
