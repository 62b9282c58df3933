//! What a plugin library exports, and the guard that keeps panics inside it.

use std::any::Any;
use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{RResult, RSlice, RStr, RString, RVec};

use crate::abi::messages::{
    FailureMessage, MigrationMessage, RunRequestMessage, SettingsOwner, TestRequestMessage,
};
use crate::abi::{CONTRACT, HostServicesBox, PluginRun, PluginRun_TO, PluginRunBox, PointBatch};
use crate::description::{ClassDescription, ConnectionDescription, LibraryDescription, SCHEMA};
use crate::host::RunFacts;
use crate::settings::{Settings, migrate_all, read};
use crate::{Connection, Failure, Host, Outcome, Points, Processor, TestHost};

/// Names the classes of a plugin and makes the library loadable.
///
/// ```
/// use riser_plugin::prelude::*;
/// # #[derive(Settings)]
/// # pub struct CounterSettings {
/// #     #[setting(default = 0)]
/// #     start: i64,
/// # }
/// # pub struct Counter;
/// # impl Processor for Counter {
/// #     type Settings = CounterSettings;
/// #     const CLASS: Class = Class::scheduled("counter", "Counter");
/// #     fn run(&self, _: &Host, _: CounterSettings) -> Outcome {
/// #         Ok(())
/// #     }
/// # }
///
/// export_plugin! { id: "riser.example", name: "Example", company: "Riser", classes: [Counter] }
/// # fn main() {}
/// ```
/// Optional, in this order after `company`: `licence: "…"`, `about: "…"`, `connections: [Type, …]`.
#[macro_export]
macro_rules! export_plugin {
    (
        id: $id:literal, name: $name:literal, company: $company:literal,
        $(licence: $licence:literal,)? $(about: $about:literal,)? $(connections: [$($connection:ident),* $(,)?],)?
        classes: [$($class:ident),+ $(,)?] $(,)?
    ) => {
        #[cfg(panic = "abort")]
        compile_error!("a plugin is built with panic = \"unwind\": Riser turns its panics into failed runs");

        #[doc(hidden)]
        #[allow(unsafe_code, missing_docs, clippy::all, clippy::pedantic, clippy::allow_attributes, clippy::allow_attributes_without_reason)]
        mod riser_plugin_export {
            use super::*;
            use $crate::abi_stable::library::{CheckTypeLayout, LibHeader, RootModuleResult};
            use $crate::abi_stable::prefix_type::PrefixTypeTrait;
            use $crate::abi_stable::std_types::{RResult, RSlice, RStr, RString, RVec};

            // What `abi_stable::export_root_module` writes, which an author's crate cannot name.
            #[unsafe(export_name = "_1as_0lib_1header_0root_bmodule_bloader")]
            pub static ROOT_MODULE_LOADER: LibHeader = {
                extern "C" fn load() -> RootModuleResult {
                    $crate::abi_stable::library::__call_root_module_loader(root)
                }
                // SAFETY: `load` gives the module whose layout is named here.
                unsafe {
                    LibHeader::from_constructor::<$crate::abi::PluginModuleRef>(load, CheckTypeLayout::Yes)
                }
            };

            fn root() -> $crate::abi::PluginModuleRef {
                $crate::abi::PluginModule {
                    contract: $crate::abi::CONTRACT,
                    describe,
                    create,
                    has_ability: $crate::has_no_ability,
                    migrate_settings,
                }
                .leak_into_prefix()
            }

            extern "C" fn describe() -> RString {
                $crate::describe_library(|| $crate::description::LibraryDescription {
                    id: $id.into(),
                    name: $name.into(),
                    company: $company.into(),
                    version: env!("CARGO_PKG_VERSION").into(),
                    $(licence: $licence.into(),)?
                    $(about: $about.into(),)?
                    classes: vec![$($crate::class_description::<$class>()),+],
                    connections: vec![$($($crate::connection_description::<$connection>()),*)?],
                    ..$crate::empty_description()
                })
            }

            extern "C" fn migrate_settings(request: RSlice<'_, u8>) -> RResult<RVec<u8>, RString> {
                $crate::migrate_settings(
                    request,
                    &[$($crate::class_migration::<$class>()),+],
                    &[$($($crate::connection_migration::<$connection>()),*)?],
                )
            }

            fn connection_tests() -> ::std::vec::Vec<$crate::ConnectionTest> {
                vec![$($($crate::connection_test::<$connection>()),*)?]
            }

            extern "C" fn create(class: RStr<'_>) -> RResult<$crate::abi::PluginRunBox, RString> {
                $(
                    if class.as_str() == <$class as $crate::Processor>::CLASS.id {
                        return $crate::create(|| $class, connection_tests());
                    }
                )+
                // A connection test needs no class.
                if class.is_empty() {
                    return $crate::create_test(connection_tests());
                }
                RResult::RErr(RString::from(format!("this library has no class {}", class.as_str())))
            }
        }
    };
}

/// A description without content.
#[doc(hidden)]
pub fn empty_description() -> LibraryDescription {
    LibraryDescription {
        schema: SCHEMA,
        contract: CONTRACT.to_string(),
        id: String::new(),
        name: String::new(),
        version: String::new(),
        company: String::new(),
        licence: String::new(),
        about: String::new(),
        classes: Vec::new(),
        connections: Vec::new(),
    }
}

#[doc(hidden)]
pub fn class_description<P: Processor>() -> ClassDescription {
    let class = P::CLASS;
    ClassDescription {
        id: class.id.to_owned(),
        name: class.name.to_owned(),
        mode: class.mode,
        connection: class.connection.map(str::to_owned),
        requires: class.requires.map(str::to_owned),
        creates: class.creates.to_owned(),
        about: class.about.to_owned(),
        accepts_writes: class.accepts_writes,
        settings: P::Settings::describe(),
        settings_version: P::Settings::VERSION,
    }
}

#[doc(hidden)]
pub fn connection_description<C: Connection>() -> ConnectionDescription {
    ConnectionDescription {
        id: C::ID.to_owned(),
        name: C::NAME.to_owned(),
        settings: C::describe(),
        settings_version: C::VERSION,
    }
}

#[doc(hidden)]
pub fn describe_library(description: impl FnOnce() -> LibraryDescription) -> RString {
    let text = guarded(|| serde_json::to_string(&description()).map_err(Failure::from));
    RString::from(text.unwrap_or_default())
}

/// No library of this contract has an ability yet.
#[doc(hidden)]
pub extern "C" fn has_no_ability(_ability: RStr<'_>) -> bool {
    false
}

/// The id of a class or a connection kind, and how its settings are migrated.
#[doc(hidden)]
pub type SettingsMigration = (&'static str, fn(&mut serde_json::Map<String, serde_json::Value>));

#[doc(hidden)]
pub fn class_migration<P: Processor>() -> SettingsMigration {
    (P::CLASS.id, migrate_all::<P::Settings>)
}

#[doc(hidden)]
pub fn connection_migration<C: Connection>() -> SettingsMigration {
    (C::ID, migrate_all::<C>)
}

#[doc(hidden)]
pub fn migrate_settings(
    request: RSlice<'_, u8>,
    classes: &[SettingsMigration],
    connections: &[SettingsMigration],
) -> RResult<RVec<u8>, RString> {
    let migrated = guarded(|| {
        let MigrationMessage { owner, mut settings } = serde_json::from_slice(request.as_slice())?;
        let (id, known) = match &owner {
            SettingsOwner::Class(id) => (id, classes),
            SettingsOwner::Connection(id) => (id, connections),
        };
        if let Some((_, migrate)) = known.iter().find(|(known, _)| known == id) {
            migrate(&mut settings);
        }
        Ok(serde_json::to_vec(&settings)?)
    });
    match migrated {
        Ok(settings) => RResult::ROk(RVec::from(settings)),
        Err(failure) => RResult::RErr(RString::from(failure.what())),
    }
}

/// A connection kind's id and its test.
#[doc(hidden)]
pub type ConnectionTest = (&'static str, fn(&TestHost, &serde_json::Value) -> Outcome);

#[doc(hidden)]
pub fn connection_test<C: Connection>() -> ConnectionTest {
    (C::ID, |host, settings| match read::<C>(settings) {
        Ok(connection) => connection.test(host),
        Err(faults) => Err(faults.failure("the connection")),
    })
}

#[doc(hidden)]
pub fn create<P: Processor>(
    processor: impl FnOnce() -> P,
    tests: Vec<ConnectionTest>,
) -> RResult<PluginRunBox, RString> {
    match guarded(|| Ok(processor())) {
        Ok(processor) => {
            RResult::ROk(PluginRun_TO::from_value(Guarded::new(ClassRun { processor, tests }), TD_Opaque))
        }
        Err(failure) => RResult::RErr(RString::from(failure.what())),
    }
}

#[doc(hidden)]
pub fn create_test(tests: Vec<ConnectionTest>) -> RResult<PluginRunBox, RString> {
    RResult::ROk(PluginRun_TO::from_value(Guarded::new(TestRun { tests }), TD_Opaque))
}

/// What a run can be asked, once panics are caught.
trait Work: Send {
    fn run(&self, order: &[u8], points: PointBatch<'_>, services: HostServicesBox) -> Outcome;
    fn tests(&self) -> &[ConnectionTest];
}

struct ClassRun<P> {
    processor: P,
    tests: Vec<ConnectionTest>,
}

impl<P: Processor> Work for ClassRun<P> {
    fn run(&self, order: &[u8], points: PointBatch<'_>, services: HostServicesBox) -> Outcome {
        let order: RunRequestMessage = serde_json::from_slice(order)?;
        let settings =
            read::<P::Settings>(&order.settings).map_err(|faults| faults.failure(&order.configuration))?;
        let host = Host::new(
            services,
            RunFacts {
                configuration: order.configuration,
                instance: order.instance,
                connection: order.connection,
                points: Points::from_batch(points),
                writes: order.writes,
            },
        );
        self.processor.run(&host, settings)
    }

    fn tests(&self) -> &[ConnectionTest] {
        &self.tests
    }
}

struct TestRun {
    tests: Vec<ConnectionTest>,
}

impl Work for TestRun {
    fn run(&self, _order: &[u8], _points: PointBatch<'_>, _services: HostServicesBox) -> Outcome {
        Err(Failure::new("only a connection can be tested with this").permanent())
    }

    fn tests(&self) -> &[ConnectionTest] {
        &self.tests
    }
}

/// An author's value behind the guard: neither its methods nor its drop let a panic out, which `abi_stable`
/// would turn into the end of the process.
struct Guarded<W: Work>(ManuallyDrop<W>);

impl<W: Work> Guarded<W> {
    const fn new(work: W) -> Self {
        Self(ManuallyDrop::new(work))
    }
}

impl<W: Work> PluginRun for Guarded<W> {
    fn run(
        &self,
        order: RSlice<'_, u8>,
        points: PointBatch<'_>,
        services: HostServicesBox,
    ) -> RResult<(), RVec<u8>> {
        result_of(guarded(|| self.0.run(order.as_slice(), points, services)))
    }

    fn test_connection(&self, order: RSlice<'_, u8>, services: HostServicesBox) -> RResult<(), RVec<u8>> {
        result_of(guarded(|| {
            let order: TestRequestMessage = serde_json::from_slice(order.as_slice())?;
            let kind = order.kind.rsplit('/').next().unwrap_or_default();
            let Some((_, test)) = self.0.tests().iter().find(|(id, _)| *id == kind) else {
                return Err(Failure::new(format!("this library has no connection kind {kind}")).permanent());
            };
            let host = Host::new(services, RunFacts { instance: order.instance, ..RunFacts::default() });
            test(&TestHost::new(host), &order.settings)
        }))
    }
}

impl<W: Work> Drop for Guarded<W> {
    #[expect(unsafe_code, reason = "a drop that panics is caught, which only a manual drop allows")]
    fn drop(&mut self) {
        // SAFETY: this is the value's only drop, and nothing uses it afterwards.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| unsafe { ManuallyDrop::drop(&mut self.0) })) {
            // What was thrown may panic when it is dropped.
            std::mem::forget(payload);
        }
    }
}

fn result_of(outcome: Outcome) -> RResult<(), RVec<u8>> {
    match outcome {
        Ok(()) => RResult::ROk(()),
        Err(failure) => {
            let message: FailureMessage = failure.into();
            RResult::RErr(RVec::from(serde_json::to_vec(&message).unwrap_or_default()))
        }
    }
}

thread_local! {
    static PANIC_PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs an author's code; a panic becomes a failure with its message and place.
fn guarded<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    static NOTE_PLACES: Once = Once::new();
    NOTE_PLACES.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANIC_PLACE.with(|place| *place.borrow_mut() = panic.location().map(ToString::to_string));
            before(panic);
        }));
    });
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let message = message_of(&*payload);
        // What was thrown may panic when it is dropped.
        std::mem::forget(payload);
        let place = PANIC_PLACE.with(|place| place.borrow_mut().take());
        Err(Failure::panic(place.map_or(message.clone(), |place| format!("{message} at {place}"))))
    })
}

fn message_of(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "something that is no text was thrown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Panics whenever it is dropped.
    struct PanicsWhenDropped;

    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }

    /// Panics with such a value when it is dropped.
    struct PanicsWithAPanickingValue;

    impl Drop for PanicsWithAPanickingValue {
        fn drop(&mut self) {
            std::panic::panic_any(PanicsWhenDropped);
        }
    }

    impl Processor for PanicsWithAPanickingValue {
        type Settings = ();
        const CLASS: crate::Class = crate::Class::scheduled("thrower", "Thrower");

        fn run(&self, _host: &Host, (): ()) -> Outcome {
            Ok(())
        }
    }

    #[test]
    fn neither_a_drop_that_panics_nor_what_it_throws_leaves_the_guard() {
        drop(create(|| PanicsWithAPanickingValue, Vec::new()));
    }

    #[test]
    fn what_a_panic_throws_is_not_dropped() {
        let thrown: Outcome = guarded(|| std::panic::panic_any(PanicsWhenDropped));
        let what = thrown.unwrap_err().what().to_owned();
        assert!(what.starts_with("something that is no text was thrown at "), "{what}");
    }
}
