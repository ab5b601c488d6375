extension KubernetesSettings {
    /// What is wrong with the token's file now; `nil`: it holds something, or none is wanted. The token itself is judged
    /// by the API alone.
    package var tokenFlaw: String? {
        guard !tokenFile.isEmpty else { return nil }
        switch Settings.readSmallFile(tokenFile) {
        case .failure(let error): return "cannot be read (\(error))"
        case .success(let bytes): return Secret.text(ofFile: bytes).isEmpty ? "holds no token" : nil
        }
    }

    /// What is wrong with the authorities' file now; `nil`: it holds a certificate, or the system's authorities count.
    package var authoritiesFlaw: String? {
        guard !caFile.isEmpty else { return nil }
        switch Settings.readSmallFile(caFile) {
        case .failure(let error): return "cannot be read (\(error))"
        case .success(let bytes): return SettingReader.flaw(in: String(decoding: bytes, as: UTF8.self), .certificate)
        }
    }
}
