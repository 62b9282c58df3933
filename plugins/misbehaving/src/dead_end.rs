use riser_plugin::prelude::*;

/// A connection whose second test stage always fails.
#[derive(Connection)]
#[connection(id = "dead-end", name = "Dead end")]
pub(crate) struct DeadEnd {
    /// Host name to connect to.
    host: String,
}

impl DeadEnd {
    fn test(&self, host: &TestHost) -> Outcome {
        host.stage("DNS", || Ok(((), format!("{} is known", self.host))))?;
        host.stage("TCP", || Err(("no way through".to_owned(), "turn round".to_owned())))
    }
}
