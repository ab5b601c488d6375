import Shared

/// The settings of the Kubernetes API, and `--once` against one that nobody answers for.
extension ExitCodeRow {
    static let kubernetes: [ExitCodeRow] =
        ["watcher", "manager"].map { outsideACluster($0) } + settings + once

    private static func outsideACluster(_ program: String) -> ExitCodeRow {
        ExitCodeRow(
            program: program,
            environment: ["CONTRACT_SOURCE": "kubernetes"],
            code: .badConfiguration,
            says: [
                "setting=CONTRACT_SOURCE value=kubernetes",
                "set KUBERNETES_API_URL, KUBERNETES_TOKEN_FILE and KUBERNETES_CA_FILE", "or CONTRACT_SOURCE=directory",
            ]
        )
    }

    private static let settings = [
        ExitCodeRow(
            program: "watcher",
            environment: ["KUBERNETES_API_URL": "https://127.0.0.1:1"],
            code: .badConfiguration,
            says: [
                "setting=KUBERNETES_TOKEN_FILE", "setting=KUBERNETES_CA_FILE",
                "KUBERNETES_API_URL is set to https, which needs it too",
            ]
        ),
        ExitCodeRow(
            program: "watcher",
            environment: [
                "KUBERNETES_API_URL": "https://127.0.0.1:1", "KUBERNETES_TOKEN_FILE": "{directory}/absent",
                "KUBERNETES_CA_FILE": "{good}/good.json",
            ],
            code: .badConfiguration,
            says: [
                "setting=KUBERNETES_TOKEN_FILE value={directory}/absent", "the file cannot be read",
                "holds no certificate in PEM form", "setting=KUBERNETES_CA_FILE",
            ]
        ),
        // The service account's files are there only in a pod; the variables take their place.
        ExitCodeRow(
            program: "watcher",
            environment: [
                "KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "1",
                "KUBERNETES_TOKEN_FILE": "{directory}/absent",
            ],
            code: .badConfiguration,
            says: ["setting=KUBERNETES_TOKEN_FILE value={directory}/absent", "the file cannot be read"]
        ),
        ExitCodeRow(
            program: "watcher",
            environment: ["KUBERNETES_API_URL": "http://who:s3cret@127.0.0.1:1"],
            code: .badConfiguration,
            says: ["setting=KUBERNETES_API_URL", "an http:// or https:// URL without credentials"]
        ),
        ExitCodeRow(
            program: "watcher",
            environment: [
                "KUBERNETES_API_URL": "http://127.0.0.1:1", "NAMESPACE": "Foo_Bar", "CONFIGMAP_NAME": "good,Bad_Name",
            ],
            code: .badConfiguration,
            says: ["setting=NAMESPACE value=Foo_Bar", "setting=CONFIGMAP_NAME value=good,Bad_Name"]
        ),
    ]

    private static let once = [
        ExitCodeRow(
            program: "watcher",
            arguments: ["--once"],
            environment: ["NAMESPACE": "Foo_Bar", "CONFIGMAP_NAME": "Bad_Name"],
            code: .success,
            says: ["NAMESPACE='Foo_Bar' is ignored", "CONFIGMAP_NAME='Bad_Name' is ignored", "good.json"]
        ),
        ExitCodeRow(
            program: "watcher",
            arguments: ["--once"],
            environment: ["KUBERNETES_API_URL": "http://127.0.0.1:1", "CONFIGMAP_PATH": "{directory}/absent"],
            code: .failure,
            says: ["problem: the Kubernetes API http://127.0.0.1:1 cannot be reached: "]
        ),
        ExitCodeRow(
            program: "watcher",
            arguments: ["--once"],
            environment: ["KUBERNETES_API_URL": "http://127.0.0.1:1"],
            code: .success,
            says: [
                "warning: this is the directory: the Kubernetes API http://127.0.0.1:1 cannot be reached: ",
                "good.json",
            ]
        ),
    ]
}
