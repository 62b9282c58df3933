//! The pages of Riser.
