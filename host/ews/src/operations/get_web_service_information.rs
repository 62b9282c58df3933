use super::OperationContext;
use crate::contract::OperationName;
use crate::envelope::{ResponseWriter, SoapRequest};
use crate::names;
use crate::version::{EwsVersion, RequestVersion};

/// Returns the supported version and operations, and from 1.2 the identity of the system.
#[derive(Debug)]
pub(crate) struct GetWebServiceInformation {
    version: RequestVersion,
}

impl GetWebServiceInformation {
    pub(super) fn read(request: &SoapRequest<'_>) -> Self {
        Self { version: request.version }
    }

    pub(super) fn respond(self, context: OperationContext<'_>) -> String {
        let mut response = ResponseWriter::new(OperationName::GetWebServiceInformation, self.version);
        response.open("GetWebServiceInformationVersion");
        response.element("MajorVersion", "1");
        response.element("MinorVersion", "2");
        response.element("UsedNameSpace", names::DATA_EXCHANGE);
        response.close("GetWebServiceInformationVersion");
        response.open("GetWebServiceInformationSupportedOperations");
        let knows = |operation: &OperationName| {
            !self.version.excludes_newer_operations() || operation.since() <= self.version.effective
        };
        for operation in OperationName::SERVED.into_iter().filter(knows) {
            response.element("Operation", operation.as_str());
        }
        response.close("GetWebServiceInformationSupportedOperations");
        // Profiles and the system exist since 1.2. The names of profiles are not public, so none is listed.
        if self.version.effective >= EwsVersion::V1_2 {
            let system = context.items.system();
            response.element("GetWebServiceInformationSupportedProfiles", "");
            response.open("SystemInfo");
            response.element("Version", &system.version);
            response.element("Id", &system.id);
            response.element("Name", &system.name);
            response.close("SystemInfo");
        }
        response.finish()
    }
}
