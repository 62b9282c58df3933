//! What each point means, by its name in the table `evce-1.2`: the formula, and the source.

/// Returns the description of a point.
#[expect(clippy::too_many_lines, reason = "a table with a line for each point")]
pub(super) fn of(name: &str) -> &'static str {
    match name {
        // Site
        "SiteOverallActivePowerTotal" => {
            "Sum of the zones' active powers over all phases. Calculated by Riser"
        }
        "SiteSetPointPower(kW)" => {
            "Sum of the zones' limits in kW, each as the controller rounds it. Calculated by Riser"
        }
        "SiteNumberOfStations" => "Number of stations of all zones. Counted by Riser at Setup",
        "SiteNumberOfConnectors" => "Number of connectors of all stations. Counted by Riser at Setup",
        "SiteNumberOfZones" => "Number of zones. Counted by Riser at Setup",
        "SiteOverallActivePowerTotal_PartsMissing"
        | "ZoneOverallActivePowerTotal_PartsMissing"
        | "StationOverallActivePowerTotal_PartsMissing" => {
            "Number of connectors whose power is unknown and missing in the sum. Counted by Riser"
        }
        // Zone
        "ZoneId" => "Id of the zone. Sent by the controller, read at Setup",
        "ZoneName" => "Name of the zone. Sent by the controller, read at Setup",
        "ZoneNumberOfStations" => "Number of stations of the zone. Counted by Riser at Setup",
        "ZoneNumberOfConnectors" => "Sum of the stations' numbers of connectors. Counted by Riser at Setup",
        "ZoneMaxCurrent(A)" => "Largest current of the zone for each phase. Sent by the controller",
        "ZoneType" => "Kind of load management: static or dynamic. Sent by the controller",
        "ZoneNumberOfTransactions" => "Charging sessions that run. Sent by the controller",
        "ZoneSetPointCurrent(A)" => "What the zone may take for each phase. Sent by the controller",
        "ZoneSetPointPower(kW)" => {
            "What the zone may take, in whole kW. Sent by the controller, not calculated from the current"
        }
        "ZoneReduction" => {
            "Reduction of the zone's limit. Sent by the controller; the BMS writes 0 to 100, and 0 removes the reduction"
        }
        "ZoneReductionType(Percentage)" => {
            "Kind of the reduction. Sent by the controller; percentage without a reduction"
        }
        "ZoneReductionDescription" => {
            "Name of the reduction, which tells who set it. Sent by the controller; empty without a reduction"
        }
        "ZoneValidity" => {
            "End of the reduction by the controller's clock. Sent by the controller; the BMS writes a time in the future"
        }
        "ZoneValidityMode(Absolute)" => {
            "How the controller counts the validity: absolute or relative. Sent by the controller; absolute without a reduction"
        }
        "ZoneReductionActive" => "Whether the zone has a reduction. Calculated by Riser",
        "ZoneReduction_Actual" => {
            "Reduction that the controller shows, while ZoneReduction shows a requested one. Sent by the controller"
        }
        "ZoneReductionRemark" => "Who set the reduction, and what Riser does with it, in words. By Riser",
        "ZoneOverallRmsCurrentPhase1" => {
            "Sum of the stations' RMS currents on phase 1. Calculated by Riser; an upper bound, since phases of different stations are not aligned"
        }
        "ZoneOverallRmsCurrentPhase2" => {
            "Sum of the stations' RMS currents on phase 2. Calculated by Riser; an upper bound, since phases of different stations are not aligned"
        }
        "ZoneOverallRmsCurrentPhase3" => {
            "Sum of the stations' RMS currents on phase 3. Calculated by Riser; an upper bound, since phases of different stations are not aligned"
        }
        "ZoneOverallActivePowerPhase1" => {
            "Sum of the stations' active powers on phase 1. Calculated by Riser"
        }
        "ZoneOverallActivePowerPhase2" => {
            "Sum of the stations' active powers on phase 2. Calculated by Riser"
        }
        "ZoneOverallActivePowerPhase3" => {
            "Sum of the stations' active powers on phase 3. Calculated by Riser"
        }
        "ZoneActiveEnergy" => {
            "Sum of the stations' active energies, continued where a register falls; it falls when a station is removed. Calculated by Riser"
        }
        "ZoneOverallSetPointCurrent" => {
            "Sum of the set points of the stations' AC connectors: what they were given, not what the zone may take. Calculated by Riser"
        }
        "ZoneOverallActivePowerTotal" => {
            "Sum of the stations' active powers over all phases. Calculated by Riser"
        }
        "ZoneOverallRmsCurrentAverage" => {
            "Sum of the stations' sums of average currents. Calculated by Riser"
        }
        // Station
        "StationId" => "Id of the station. Sent by the controller, read at Setup",
        "StationType" => "Protocol of the station, such as ocpp1.6. Sent by the controller, read at Setup",
        "StationOCPPIdentifier" => {
            "Name of the station in OCPP, and of its container. Sent by the controller, read at Setup"
        }
        "StationSerialNumber" => "Serial number of the station. Sent by the controller, read at Setup",
        "StationModel" => "Model of the station. Sent by the controller, read at Setup",
        "StationVersion" => "Firmware version of the station. Sent by the controller, read at Setup",
        "StationIPAddress" => "Network address of the station. Sent by the controller, read at Setup",
        "StationCpoUrl" => {
            "Address of the charge point operator, without user and password. Sent by the controller, read at Setup"
        }
        "IsAcceptedByCpo" => {
            "Whether the charge point operator accepts the station. Sent by the controller, read at Setup"
        }
        "StationFriendlyName" => "Name of the station for people. Sent by the controller, read at Setup",
        "StationNumberOfConnectors" => "Number of connectors of the station. Counted by Riser at Setup",
        "StationAuthenticationMode" => "How drivers are authorized. Sent by the controller",
        "StationDisconnectedAuthenticationMode" => {
            "How drivers are authorized while the station has no link to the controller. Sent by the controller"
        }
        "StationIsConnected" => {
            "Whether the station is connected to the controller; without it, its live values are Offline. Sent by the controller"
        }
        "StationStatus" => "Status of the station: available, unavailable or faulted. Sent by the controller",
        "StationOverallRmsCurrentPhase1" => {
            "Sum of the connectors' RMS currents on phase 1. Calculated by Riser"
        }
        "StationOverallRmsCurrentPhase2" => {
            "Sum of the connectors' RMS currents on phase 2. Calculated by Riser"
        }
        "StationOverallRmsCurrentPhase3" => {
            "Sum of the connectors' RMS currents on phase 3. Calculated by Riser"
        }
        "StationOverallActivePowerPhase1" => {
            "Sum of the connectors' active powers on phase 1. Calculated by Riser"
        }
        "StationOverallActivePowerPhase2" => {
            "Sum of the connectors' active powers on phase 2. Calculated by Riser"
        }
        "StationOverallActivePowerPhase3" => {
            "Sum of the connectors' active powers on phase 3. Calculated by Riser"
        }
        "StationActiveEnergy" => {
            "Sum of the connectors' energy registers, continued where a register falls. Calculated by Riser"
        }
        "StationOverallSetPointCurrent" => {
            "Sum of the set points of the AC connectors; DC connectors have one in kW. Calculated by Riser"
        }
        "StationOverallActivePowerTotal" => {
            "Sum of the connectors' active powers over all phases. Calculated by Riser"
        }
        "StationOverallRmsCurrentAverage" => "Sum of the connectors' average currents. Calculated by Riser",
        // Connector
        "LogicalConnector" => "Number of the connector in the station. Sent by the controller, read at Setup",
        "ConnectorIsFixedSetPoint" => {
            "Whether load management leaves its set point as it is. Sent by the controller, read at Setup"
        }
        "ConnectorIsDC" => "Whether it charges with direct current. Sent by the controller, read at Setup",
        "ConnectorMaxCurrentorPower" => {
            "Most that the connector can give: A for AC, kW for DC. Sent by the controller, read at Setup"
        }
        "ConnectorPhaseConnection" => {
            "Phases that are connected, such as mono1 or tri. Sent by the controller, read at Setup"
        }
        "ConnectorOverallActivePower1" => {
            "Active power on phase 1. Sent by the controller; 0 on a phase that is not connected"
        }
        "ConnectorOverallActivePower2" => {
            "Active power on phase 2. Sent by the controller; 0 on a phase that is not connected"
        }
        "ConnectorOverallActivePower3" => {
            "Active power on phase 3. Sent by the controller; 0 on a phase that is not connected"
        }
        "ConnectorOverallActivePowerTotal" => {
            "Sum of the active powers of the three phases; of a DC connector the total that the controller sends. Calculated by Riser"
        }
        "ConnectorOverallRmsCurrentPhase1" => {
            "RMS current on phase 1. Sent by the controller; 0 on a phase that is not connected"
        }
        "ConnectorOverallRmsCurrentPhase2" => {
            "RMS current on phase 2. Sent by the controller; 0 on a phase that is not connected"
        }
        "ConnectorOverallRmsCurrentPhase3" => {
            "RMS current on phase 3. Sent by the controller; 0 on a phase that is not connected"
        }
        "ConnectorOverallRmsCurrentAverage" => {
            "Average of the currents over the connected phases: one, or three. Calculated by Riser"
        }
        "ConnectorSetPointCurrent" => "Current that load management allows. Sent by the controller",
        "ConnectorSetPointPower" => "Power that load management allows, in whole kW. Sent by the controller",
        "ConnectorState_Available" => {
            "Whether the status is available. From the controller's status; the BMS may write true for operative, false for inoperative"
        }
        "ConnectorState_Charging" => "Whether the status is charging. From the controller's status",
        "ConnectorState_Faulted" => "Whether the status is faulted. From the controller's status",
        "ConnectorState_Finishing" => {
            "Whether the session is over and the car still plugged in. From the controller's status"
        }
        "ConnectorState_Preparing" => {
            "Whether a car is plugged in and no session runs yet. From the controller's status"
        }
        "ConnectorState_Reserved" => "Whether it is reserved. From the controller's status",
        "ConnectorState_SuspendedEV" => {
            "Whether the car takes no energy in a session. From the controller's status"
        }
        "ConnectorState_SuspendedEVSE" => {
            "Whether the station offers no energy in a session, as load management does. From the controller's status"
        }
        "ConnectorState_Unavailable" => {
            "Whether it cannot be used, by command or by itself. From the controller's status"
        }
        "ConnectorActiveEnergy" => "Energy register of the connector's meter. Sent by the controller",
        "ConnectorAvailability" => {
            "Whether the connector may be used: operative or inoperative. Sent by the controller; the BMS may write it"
        }
        "ConnectorStatus" => "Status of the connector as a text. Sent by the controller",
        "ConnectorStatusAge" => {
            "Whole minutes since the status changed, or since EVCE Status began to watch it. Calculated by Riser"
        }
        _ => "",
    }
}
