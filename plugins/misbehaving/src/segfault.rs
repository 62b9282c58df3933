use riser_plugin::prelude::*;

/// Writes to memory that is not mapped.
pub(crate) struct Segfault;

impl Processor for Segfault {
    type Settings = ();
    const CLASS: Class =
        Class::scheduled("segfault", "Segfault").about("Writes to memory that is not mapped.");

    #[expect(unsafe_code, reason = "the fault itself")]
    fn run(&self, _host: &Host, (): ()) -> Outcome {
        // An address in the first page, which no system maps; not null, which debug builds check for.
        let nowhere = std::hint::black_box(16_usize) as *mut u8;
        // SAFETY: none; this is meant to end the process.
        unsafe { nowhere.write_volatile(1) };
        Ok(())
    }
}
