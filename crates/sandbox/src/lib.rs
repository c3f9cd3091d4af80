//! The opposite side: services that fail for real reasons.
