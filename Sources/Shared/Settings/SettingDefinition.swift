/// One environment variable: what the table of docs/settings.md, `--help` and the messages about bad values are made from.
package struct SettingDefinition: Sendable {
    package var name: String
    /// As a person would write it; empty means: not set.
    package var defaultText: String
    /// What is allowed, as one phrase: `1 to 65535`, `text or json`.
    package var allowed: String
    /// A secret is never printed, and `<NAME>_FILE` names a file that holds it.
    package var isSecret: Bool
    /// One sentence.
    package var help: String

    package init(_ name: String, default defaultText: String, allowed: String, secret: Bool = false, _ help: String) {
        self.name = name
        self.defaultText = defaultText
        self.allowed = allowed
        isSecret = secret
        self.help = help
    }
}

/// Every setting, in the order in which people read about them. The table of docs/settings.md is tested against this list.
package enum SettingCatalog {
    package static let all: [SettingDefinition] = [
        SettingDefinition(
            "BROKER_URL",
            default: "http://pact-broker:9292",
            allowed: "an http:// or https:// URL, with a base path if the broker has one",
            "Where the Pact Broker is."
        ),
        SettingDefinition(
            "BROKER_USERNAME",
            default: "pact",
            allowed: "any text; empty: no basic authentication",
            secret: true,
            "User for basic authentication; may write contracts."
        ),
        SettingDefinition(
            "BROKER_PASSWORD",
            default: "pact",
            allowed: "any text",
            secret: true,
            "Password for basic authentication."
        ),
        SettingDefinition(
            "BROKER_TOKEN",
            default: "",
            allowed: "a bearer token",
            secret: true,
            "Bearer token; replaces basic authentication."
        ),
        SettingDefinition(
            "BROKER_CA_FILE",
            default: "",
            allowed: "path of a PEM file",
            "Certificate authorities to trust for the broker, instead of the system's."
        ),
        SettingDefinition(
            "BROKER_CLIENT_CERT_FILE",
            default: "",
            allowed: "path of a PEM file",
            "Certificate, with its chain, that we show to the broker; with BROKER_CLIENT_KEY_FILE."
        ),
        SettingDefinition(
            "BROKER_CLIENT_KEY_FILE",
            default: "",
            allowed: "path of a PEM file, not encrypted",
            "Private key of BROKER_CLIENT_CERT_FILE."
        ),
        SettingDefinition(
            "BROKER_HEALTH_PATH",
            default: "/diagnostic/status/heartbeat",
            allowed: "a path that starts with /",
            "Path of the broker's heartbeat, under BROKER_URL."
        ),
        SettingDefinition(
            "NAMESPACE",
            default: "secret-manager-controller-pact-broker",
            allowed: "a Kubernetes namespace name",
            "Namespace of the ConfigMap; unset: the service account's namespace file, then the default."
        ),
        SettingDefinition(
            "CONFIGMAP_NAME",
            default: "pact-contracts",
            allowed: "ConfigMap names, separated by commas",
            "ConfigMaps that hold the contracts."
        ),
        SettingDefinition(
            "CONFIGMAP_PATH",
            default: "/pact-contracts",
            allowed: "a path",
            "Directory with the contracts: the mounted ConfigMap, or any directory."
        ),
        SettingDefinition(
            "CONTRACT_SOURCE",
            default: "auto",
            allowed: "auto, directory or kubernetes",
            "Where contracts come from; auto is the Kubernetes API where a service account is mounted or "
                + "KUBERNETES_API_URL is set, else the directory."
        ),
        SettingDefinition(
            "KUBERNETES_API_URL",
            default: "",
            allowed: "an http:// or https:// URL without credentials",
            "The Kubernetes API outside a cluster; unset: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT."
        ),
        SettingDefinition(
            "KUBERNETES_TOKEN_FILE",
            default: "",
            allowed: "path of a file",
            "Bearer token for the Kubernetes API, read again before each request; unset: the pod's service account."
        ),
        SettingDefinition(
            "KUBERNETES_CA_FILE",
            default: "",
            allowed: "path of a PEM file",
            "Certificate authorities to trust for the Kubernetes API; unset: the pod's service account."
        ),
        SettingDefinition(
            "GIT_BRANCH",
            default: "main",
            allowed: "one line of text",
            "Branch of the contracts; first part of the consumer version number."
        ),
        SettingDefinition(
            "GIT_COMMIT",
            default: "unknown",
            allowed: "one line of text",
            "Commit of the contracts; second part of the consumer version number."
        ),
        SettingDefinition(
            "BUILD_URL",
            default: "",
            allowed: "one line of text",
            "Link to the build, recorded with the consumer version."
        ),
        SettingDefinition(
            "BROKER_TAGS",
            default: "",
            allowed: "tags, separated by commas",
            "Tags to give the consumer version (branches are preferred)."
        ),
        SettingDefinition(
            "VERSION_POLICY",
            default: "auto",
            allowed: "auto or git",
            "auto: a suffix when the version already holds other content; git: never, such a contract fails."
        ),
        SettingDefinition(
            "READINESS_MODE",
            default: "settled",
            allowed: "settled, strict, any or broker",
            "When /readiness is 200: all settled, none refused, one published, or only the broker."
        ),
        SettingDefinition(
            "CREATE_PACTICIPANTS",
            default: "false",
            allowed: "true or false",
            "Create a pacticipant whose name the broker finds too similar to another."
        ),
        SettingDefinition(
            "HEALTH_PORT",
            default: "8081",
            allowed: "0 to 65535; 0: any free port",
            "Port of the health endpoints."
        ),
        SettingDefinition(
            "HEALTH_HOST",
            default: "::",
            allowed: "an IPv4 or IPv6 address",
            "Address of the health endpoints; :: is IPv4 and IPv6, 0.0.0.0 where IPv6 is off."
        ),
        SettingDefinition(
            "CHECK_INTERVAL_SECS",
            default: "2",
            allowed: "1 to 3600",
            "Seconds between two looks at the broker; knowledge older than three of them is not trusted."
        ),
        SettingDefinition(
            "BROKER_TIMEOUT_SECS",
            default: "90",
            allowed: "1 to 86400",
            "Seconds of waiting for the broker before that is a warning; waiting never ends."
        ),
        SettingDefinition(
            "STATE_DIR",
            default: "/tmp/pact-mocks-manager",
            allowed: "an absolute path",
            "Directory of the shared state; survives container restarts if it is a volume."
        ),
        SettingDefinition(
            "WORKER_MEMORY_LIMIT",
            default: "auto",
            allowed: "auto, off, or bytes with K, M or G (32M to 64G)",
            "Data segment limit of each worker."
        ),
        SettingDefinition(
            "WORKER_DIRECTORY",
            default: "",
            allowed: "a directory",
            "Where the worker executables are; unset: beside manager."
        ),
        SettingDefinition(
            "LOG_LEVEL",
            default: "info",
            allowed: "trace, debug, info, warn or error",
            "Lowest level that is logged."
        ),
        SettingDefinition("LOG_FORMAT", default: "text", allowed: "text or json", "Form of a log line."),
        SettingDefinition(
            "BROKER_PORT",
            default: "",
            allowed: "0 to 65535",
            "Accepted for older manifests: the port, where BROKER_URL is not set."
        ),
        SettingDefinition(
            "PUBLISHED_FLAG_PATH",
            default: "",
            allowed: "a path",
            "Accepted for older manifests: written once something is published, never read."
        ),
    ]

    /// The setting that a variable belongs to: itself, or the secret whose `_FILE` it is.
    static func owner(_ variable: String) -> String {
        guard variable.hasSuffix("_FILE"), definition(variable) == nil else { return variable }
        return String(variable.dropLast("_FILE".count))
    }

    package static func definition(_ name: String) -> SettingDefinition? { all.first { $0.name == name } }
}
