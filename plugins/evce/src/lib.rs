//! EcoStruxure EV Charging Expert for Riser.
