use crate::Host;
use crate::abi::messages::{Call, Reply};

/// Something that a host may or may not have, and that a plugin can do without: it asks with [`Host::ability`].
pub trait Ability: Sized {
    /// Its name and revision, such as `alarms/1`; another revision is another ability.
    const ID: &'static str;

    /// Returns the ability, of a host that has it.
    fn of(host: &Host) -> Self;
}

impl Host {
    /// Returns the ability, if this host has it; a host that does not know it has not. Blocks for the reply. [any
    /// thread]
    pub fn ability<A: Ability>(&self) -> Option<A> {
        let call = Call::HasAbility { ability: A::ID.to_owned() };
        matches!(Self::ask(self.services(), &call), Ok(Reply::Ability(true))).then(|| A::of(self))
    }
}
