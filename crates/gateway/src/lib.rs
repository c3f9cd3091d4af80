//! The journey: from the caller's request to the caller's answer.
