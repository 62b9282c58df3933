use riser_plugin::prelude::*;

/// A connection whose test fails in its second stage, in a way that depends on the host.
#[derive(Connection)]
#[connection(id = "dead-end", name = "Dead end")]
pub(crate) struct DeadEnd {
    /// Host name to connect to. `silent`, `crash` and `unlucky` have faults that it does not report.
    host: String,
}

impl DeadEnd {
    fn test(&self, host: &TestHost) -> Outcome {
        host.stage("DNS", || Ok(((), format!("{} is known", self.host))))?;
        if self.host == "unlucky" {
            let problem = Problem::new("no-luck", "no luck today").remedy("come again");
            return Err(Failure::problem(problem));
        }
        host.stage("TCP", || match self.host.as_str() {
            "silent" => loop {
                std::thread::park();
            },
            "crash" => std::process::abort(),
            _ => Err(("no way through".to_owned(), "turn round".to_owned())),
        })
    }
}

/// A connection whose test never returns.
#[derive(Connection)]
#[connection(id = "endless-test", name = "Endless test")]
pub(crate) struct EndlessTest {
    /// Host name to connect to.
    host: String,
}

impl EndlessTest {
    fn test(&self, host: &TestHost) -> Outcome {
        host.stage("DNS", || Ok(((), format!("{} is known", self.host))))?;
        loop {
            std::thread::park();
        }
    }
}
