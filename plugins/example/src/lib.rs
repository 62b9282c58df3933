//! The smallest complete Riser plugin.
