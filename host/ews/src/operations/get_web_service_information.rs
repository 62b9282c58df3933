use super::OperationContext;
use crate::contract::OperationName;
use crate::envelope::{AnswerWriter, SoapRequest};
use crate::names;
use crate::version::{EwsVersion, RequestVersion};

/// Tells what this server speaks, and from 1.2 who it is.
#[derive(Debug)]
pub(crate) struct GetWebServiceInformation {
    version: RequestVersion,
}

impl GetWebServiceInformation {
    pub(super) fn read(request: &SoapRequest<'_>) -> Self {
        Self { version: request.version }
    }

    pub(super) fn answer(self, context: OperationContext<'_>) -> String {
        let mut answer = AnswerWriter::new(OperationName::GetWebServiceInformation, self.version);
        answer.open("GetWebServiceInformationVersion");
        answer.element("MajorVersion", "1");
        answer.element("MinorVersion", "2");
        answer.element("UsedNameSpace", names::DATA_EXCHANGE);
        answer.close("GetWebServiceInformationVersion");
        answer.open("GetWebServiceInformationSupportedOperations");
        let knows = |operation: &OperationName| {
            !self.version.excludes_newer_operations() || operation.since() <= self.version.effective
        };
        for operation in OperationName::SERVED.into_iter().filter(knows) {
            answer.element("Operation", operation.name());
        }
        answer.close("GetWebServiceInformationSupportedOperations");
        // Profiles and the system are ideas of 1.2; the names of profiles are not public, so none is listed.
        if self.version.effective >= EwsVersion::V1_2 {
            let system = context.items.system();
            answer.element("GetWebServiceInformationSupportedProfiles", "");
            answer.open("SystemInfo");
            answer.element("Version", &system.version);
            answer.element("Id", &system.id);
            answer.element("Name", &system.name);
            answer.close("SystemInfo");
        }
        answer.finish()
    }
}
