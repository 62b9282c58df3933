//! All SQL of Riser.
