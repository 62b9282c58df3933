//! EcoStruxure Web Services: messages, digest, server and client.
