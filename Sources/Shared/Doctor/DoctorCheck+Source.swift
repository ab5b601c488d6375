extension DoctorCheck {
    var kubernetes: (meaning: String, remedy: String)? {
        switch self {
        case .sourceOrigin:
            (
                "Where contracts come from with these settings: the Kubernetes API or a directory.",
                "Set CONTRACT_SOURCE, CONFIGMAP_NAME and NAMESPACE, or CONFIGMAP_PATH."
            )
        case .sourceToken:
            (
                "The service account's token can be read, holds something and has not expired; fail if not.",
                "Mount the pod's service account (automountServiceAccountToken), or set CONTRACT_SOURCE=directory."
            )
        case .sourceAuthorities:
            (
                "The authorities of the Kubernetes API can be read and hold a certificate; fail if not.",
                "Mount the pod's service account (automountServiceAccountToken), or set KUBERNETES_CA_FILE."
            )
        case .sourceAPI:
            (
                "The Kubernetes API answers us: name, connection, certificate and token; fail if not.",
                "Correct KUBERNETES_API_URL, the token or the authorities."
            )
        case .sourceGet:
            (
                "RBAC lets us `get` each ConfigMap (SelfSubjectAccessReview); fail if not.",
                "Add the rule of deploy/kubernetes/base/rbac.yaml to a Role that is bound to our ServiceAccount."
            )
        case .sourceWatch:
            (
                "RBAC lets us `watch` each ConfigMap (SelfSubjectAccessReview); fail if not.",
                "Add the rule of deploy/kubernetes/base/rbac.yaml to a Role that is bound to our ServiceAccount."
            )
        case .sourceList:
            (
                "Whether RBAC lets us `list`; always ok, for it is not needed.",
                "Nothing."
            )
        case .sourceConfigMap:
            (
                "Each ConfigMap is there and was really read; fail if not, warn for what is odd about it.",
                "Create the ConfigMap, or correct CONFIGMAP_NAME and NAMESPACE."
            )
        default: nil
        }
    }

    var directory: (meaning: String, remedy: String) {
        switch self {
        case .sourceMount:
            (
                "The directory CONFIGMAP_PATH exists, can be read and holds a contract. Where it is the source fail "
                    + "and, for an empty one, warn; where the API is the source it is only told.",
                "Mount the ConfigMap there, or set CONFIGMAP_PATH to the directory with the contracts."
            )
        case .sourceSubPath:
            (
                "The directory is no subPath mount, which Kubernetes never updates; warn if it is one, or holds one.",
                "Remove subPath from the volumeMount and mount the whole ConfigMap."
            )
        default:
            (
                "Every file is a contract; fail for each that is none, with the place in it, and for each conflict of "
                    + "two files; warn where there is none at all.",
                "Correct the file or take it out; `watcher --once` shows the same as a table."
            )
        }
    }

    var portAndState: (meaning: String, remedy: String) {
        switch self {
        case .healthPort:
            (
                "HEALTH_PORT is free, or the running manager of this STATE_DIR holds it; fail if somebody else does.",
                "Stop that process, or set HEALTH_PORT to a free port."
            )
        case .stateDirectory:
            (
                "STATE_DIR is there or can be made, is ours and can be written; fail if not.",
                "Mount an emptyDir and set STATE_DIR to it, or to a directory of this user."
            )
        case .stateFileSystem:
            (
                "The state lies on a file system of this machine; warn for one of a network, or in user space, where "
                    + "memory that several processes share and their locks may not work.",
                "Put STATE_DIR on an emptyDir, best with medium: Memory."
            )
        case .stateSpace:
            (
                "There is room for the state; fail for none, warn for less than 4 MiB, the largest section.",
                "Free space or inodes there, raise the emptyDir's sizeLimit, or point STATE_DIR elsewhere."
            )
        default:
            (
                "Who owns the state directory: nobody, or a running manager; never wrong by itself.",
                "Nothing."
            )
        }
    }

    var limits: (meaning: String, remedy: String) {
        switch self {
        case .limitsMemory:
            (
                "The container's memory limit leaves room for the workers' own limits; warn for less than 96 MiB.",
                "Set resources.limits.memory to 96Mi or more."
            )
        case .limitsFiles:
            (
                "The process may open 1,024 files; warn for fewer: the health server then takes fewer connections.",
                "Raise the hard limit (ulimit -Hn, LimitNOFILE=, the container runtime's default)."
            )
        case .limitsProcesses:
            (
                "The container may have 32 processes and threads; warn for fewer.",
                "Raise the limit (podPidsLimit of the kubelet, TasksMax=, --pids-limit)."
            )
        case .limitsInotifyInstances:
            (
                "One more inotify instance can be had; warn if not: edits of a directory are then seen by its poll, "
                    + "every 5 s.",
                "Raise fs.inotify.max_user_instances on the node."
            )
        default:
            (
                "One more inotify watch can be had; warn if not: edits of a directory are then seen by its poll, every "
                    + "5 s.",
                "Raise fs.inotify.max_user_watches on the node."
            )
        }
    }
}
