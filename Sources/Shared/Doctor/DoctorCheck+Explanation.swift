extension DoctorCheck {
    var explanation: (meaning: String, remedy: String) {
        switch group {
        case "settings", "programs": setUp
        case "broker": wayToBroker ?? broker
        case "source": kubernetes ?? directory
        case "limits": limits
        default: portAndState
        }
    }

    private var setUp: (meaning: String, remedy: String) {
        switch self {
        case .settingsValues:
            (
                "Every setting has a value that can be used; fail for each that has not: the manager would not start.",
                "Correct the variable; the line says what is allowed."
            )
        case .settingsNames:
            (
                "No variable looks like a misspelt setting; warn for each that does.",
                "Correct its name or remove it; `manager --help` lists all settings."
            )
        case .settingsIgnored:
            (
                "No setting is set for nothing: one of a pair of which the other counts, one that is accepted for "
                    + "older manifests only, a value that Kubernetes injected; warn for each.",
                "Remove the variable that does not count, or the one that keeps it from counting."
            )
        case .programsDirectory:
            (
                "The three workers are there and executable; fail: the manager would not start.",
                "Build all of them with `swift build`, or set WORKER_DIRECTORY."
            )
        case .programsPublisher:
            (
                "`publisher --doctor` ran to its end; fail if it crashed, hung or said something else than results. "
                    + "The broker is then looked at in part or not at all.",
                "Run `publisher --doctor` by itself and read what it says; raise --timeout if it was only slow."
            )
        default:
            (
                "`watcher --doctor` ran to its end; fail if it crashed, hung or said something else than results. The "
                    + "contracts are then looked at in part or not at all.",
                "Run `watcher --doctor` by itself and read what it says; raise --timeout if it was only slow."
            )
        }
    }

    private var wayToBroker: (meaning: String, remedy: String)? {
        switch self {
        case .brokerURL:
            (
                "Which address is asked, with which kind of credentials and through which proxy; always ok, for the "
                    + "other checks judge it.",
                "Nothing."
            )
        case .brokerDNS:
            (
                "The broker's name (the proxy's, where there is one) has addresses, each is listed; fail if there are "
                    + "none within 5 s.",
                "Correct the host in BROKER_URL; in Kubernetes the name of a Service is NAME.NAMESPACE.svc."
            )
        case .brokerTCP:
            (
                "Somebody listens at each address; fail if nobody answers at any within 3 s, warn if only some do.",
                "Start the broker, or correct host and port in BROKER_URL; look for a NetworkPolicy that forbids it."
            )
        case .brokerOwnService:
            (
                "BROKER_URL does not lead through a Service that has no endpoint until this very pod is ready, which "
                    + "would be a deadlock; warn where it may.",
                "Where the broker runs in this pod set BROKER_URL=http://127.0.0.1:9292; else see to the broker's own "
                    + "pod, or set publishNotReadyAddresses: true in its Service."
            )
        case .brokerTLS:
            (
                "The broker's certificate is of an authority that we trust, for this name, and not expired; fail if "
                    + "not.",
                "Set BROKER_CA_FILE to the PEM file of the authority, or correct the name or the certificate."
            )
        default: nil
        }
    }

    private var broker: (meaning: String, remedy: String) {
        switch self {
        case .brokerHeartbeat:
            (
                "`BROKER_HEALTH_PATH` answers 2xx; fail if not.",
                "Correct BROKER_URL with its base path, or BROKER_HEALTH_PATH; see the broker's log."
            )
        case .brokerDatabase:
            (
                "`/diagnostic/status/dependencies` answers 2xx: the broker has its database, which the heartbeat does "
                    + "not tell; fail if not.",
                "See to the broker's database."
            )
        case .brokerAuthentication:
            (
                "The broker lets us read with these credentials; fail for 401, 403 and a proxy's 407.",
                "Set BROKER_USERNAME and BROKER_PASSWORD, or BROKER_TOKEN, to credentials that the broker knows."
            )
        case .brokerIndex:
            (
                "What answers at BROKER_URL is a Pact Broker that takes contracts; fail if not.",
                "Correct BROKER_URL: address, port and base path."
            )
        case .brokerVersion:
            (
                "The broker's version and how it takes contracts; warn for one older than 2.86 (one request for each "
                    + "contract instead of one for all) and for one that is not told.",
                "Update the broker to 2.86 or newer."
            )
        default:
            (
                "The broker lets us write: an empty publication is refused as empty (400) and not for who we are; fail "
                    + "for 401 and 403, warn where the answer tells neither, and where it is not asked because the index is "
                    + "not that of such a broker. Nothing is published.",
                "Give the manager credentials that may write, not read-only ones."
            )
        }
    }
}
