import Glibc
import Shared

extension DirectoryReader {
    /// A warning about files that Kubernetes will never update; `nil` if there are none.
    ///
    /// A `subPath` is a bind mount of one generation's file or directory: its mount root has a generation in its path,
    /// and once the kubelet has replaced that generation the file has no name left (`st_nlink` 0, Tests/Fixtures/inotify).
    func subPathWarning(_ reading: DirectoryReading, _ mounts: MountTable) -> String? {
        guard reading.layout != .absent, reading.layout != .volume else { return nil }
        let real = resolvedPath() ?? path
        let mounted = mounts.subPathMounts(at: real)
        let orphans = reading.signature.files.filter { $0.stamp?.links == 0 }
        let isWhole = mounted.contains { $0.point == real } || reading.signature.root?.links == 0
        if isWhole {
            return """
                \(place) is a subPath mount of a ConfigMap, which Kubernetes never updates\
                \(age(reading.signature.root?.links == 0)); remove subPath from its volumeMount and mount the whole volume
                """
        }
        var names = Set(mounted.compactMap { $0.point.split(separator: "/").last.map(String.init) })
        for file in orphans { names.insert(String(decoding: file.name, as: UTF8.self)) }
        guard !names.isEmpty else { return nil }
        let listed = names.sorted().prefix(3).joined(separator: ", ")
        let rest = names.count > 3 ? " and \(names.count - 3) more" : ""
        return """
            \(listed)\(rest) in \(place): mounted with subPath, which Kubernetes never updates\(age(!orphans.isEmpty)); \
            mount the whole ConfigMap as a directory (a volumeMount without subPath)
            """
    }

    private func age(_ isReplaced: Bool) -> String {
        isReplaced ? " (it has been updated since: what is read here is old)" : ""
    }

    private func resolvedPath() -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
