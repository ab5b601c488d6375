import TestSupport

/// A broker, a mounted ConfigMap and a manager that has published it: what prober tests disturb.
struct SmallPod {
    let directory: TemporaryDirectory
    let broker: LocalBrokerProcess
    let volume: KubeletVolume
    let manager: ManagerProcess

    /// Returns when `/readiness` is 200.
    init(_ payload: [String: [UInt8]]) throws {
        directory = try TemporaryDirectory()
        broker = try LocalBrokerProcess()
        volume = try KubeletVolume(directory.path + "/mount")
        try volume.publish(payload)
        let manager = try ManagerProcess(
            variables: [
                "BROKER_URL": broker.url, "BROKER_USERNAME": "", "CONFIGMAP_PATH": volume.path,
                "GIT_COMMIT": "abc1234", "CHECK_INTERVAL_SECS": "1",
            ],
            stateDirectory: directory.path + "/state"
        )
        self.manager = manager
        try manager.wait(for: "/readiness 200") { manager.get("/readiness").code == 200 }
    }
}
