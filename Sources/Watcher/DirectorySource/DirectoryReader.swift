import CLinux
import Glibc
import Shared

/// Reads all contracts of a directory as they were at one moment.
///
/// A ConfigMap volume is read through the directory that `..data` points to, by handle, and `..data` is looked at again
/// afterwards: what the kubelet writes in between makes the reading start anew (measured: 0 wrong of 99,613,
/// where reading the visible links was wrong in 1.4 %). A plain directory has no such mark, so its files' stamps
/// are compared before and after.
struct DirectoryReader: Sendable {
    let path: String
    /// What the operator wrote, for messages: `CONFIGMAP_PATH=/pact-contracts`.
    let place: String
    var limits = DirectoryLimits()
    /// Runs between reading and checking; only tests give one, to change the directory at the worst moment.
    var beforeCheck: (@Sendable () -> Void)?

    init(path: String, place: String, limits: DirectoryLimits = DirectoryLimits()) {
        self.path = path
        self.place = place
        self.limits = limits
    }

    /// Attempts at a plain directory before it is taken as it is.
    private static let plainAttempts = 5
    private static let dataName = cString(Array("..data".utf8))

    /// Reads everything.
    func read(mounts: MountTable = .current()) -> DirectoryReading {
        for retries in 0..<limits.attempts {
            guard var reading = attempt(retries) else { continue }
            reading.retries = retries
            if let warning = subPathWarning(reading, mounts) { reading.warnings.append(warning) }
            return reading
        }
        let reason = "\(place) changed during each of \(limits.attempts) attempts to read it; it is read again"
        return DirectoryReading(outcome: .unsettled(reason: reason), retries: limits.attempts, isUnsettled: true)
    }

    /// How the directory looks now, without reading a file.
    func signature() -> DirectorySignature {
        let number = clinux_open(path, O_RDONLY | O_DIRECTORY, 0)
        if -number == ENOTDIR {
            guard case .success(let stamp) = FileStamp.of(cString(Array(path.utf8)), in: AT_FDCWD) else {
                return DirectorySignature(obstacle: ENOENT)
            }
            return DirectorySignature(root: stamp)
        }
        guard number >= 0 else { return DirectorySignature(obstacle: -number) }
        let root = FileDescriptor(owning: number)
        var signature = DirectorySignature(root: FileStamp.of(descriptor: root.number))
        signature.link = readLink(Self.dataName, in: root.number)
        if let link = signature.link {
            let inner = clinux_openat(root.number, cString(link), O_RDONLY | O_DIRECTORY, 0)
            guard inner >= 0 else {
                signature.obstacle = -inner
                return signature
            }
            signature.files = stamps(in: FileDescriptor(owning: inner))
        } else {
            signature.files = stamps(in: root)
        }
        return signature
    }

    // MARK: - One attempt

    /// - Returns: `nil` if the directory changed meanwhile and another attempt may help.
    private func attempt(_ retries: Int) -> DirectoryReading? {
        let number = clinux_open(path, O_RDONLY | O_DIRECTORY, 0)
        if -number == ENOTDIR { return readFile() }
        guard number >= 0 else { return absent(-number) }
        let root = FileDescriptor(owning: number)
        let stamp = FileStamp.of(descriptor: root.number)
        if let link = readLink(Self.dataName, in: root.number) {
            return readVolume(root, stamp, link, retries)
        }
        guard var reading = contents(of: root, isVolume: false) else { return nil }
        reading.signature.root = stamp
        beforeCheck?()
        let isSame = reading.signature.files == stamps(in: root)
        if !isSame, retries + 1 < Self.plainAttempts { return nil }
        reading.isUnsettled = reading.isUnsettled || !isSame
        return reading
    }

    private func readVolume(
        _ root: borrowing FileDescriptor,
        _ stamp: FileStamp?,
        _ link: [UInt8],
        _ retries: Int
    ) -> DirectoryReading? {
        // Opened by the link's text, so that the handle is what the text is compared with afterwards.
        let inner = clinux_openat(root.number, cString(link), O_RDONLY | O_DIRECTORY, 0)
        guard inner >= 0 else {
            // A generation that is gone was replaced just now, unless it stays so.
            if -inner == ENOENT, retries + 1 < limits.attempts { return nil }
            return absent(-inner, at: "..data")
        }
        guard var reading = contents(of: FileDescriptor(owning: inner), isVolume: true) else { return nil }
        beforeCheck?()
        guard readLink(Self.dataName, in: root.number) == link else { return nil }
        reading.signature.root = stamp
        reading.signature.link = link
        return reading
    }

    /// - Returns: `nil` if a name vanished: the directory changed.
    private func contents(of directory: borrowing FileDescriptor, isVolume: Bool) -> DirectoryReading? {
        let names: DirectoryNames
        do throws(SystemError) {
            names = try DirectoryNames(of: directory, limits: limits)
        } catch {
            return error.number == ENOENT ? nil : absent(error.number)
        }
        if !isVolume, names.hasGeneration, names.contractCount == 0 {
            let reason = "\(place) is a ConfigMap volume that Kubernetes has not finished writing (no ..data yet)"
            return DirectoryReading(outcome: .absent(reason: reason), signature: DirectorySignature(obstacle: ENOENT))
        }
        var collection = DirectoryCollection(limits: limits)
        for (index, name) in names.contracts.enumerated() {
            guard index < limits.files else {
                collection.skip(name)
                continue
            }
            let reading = FileReading.read(name, in: directory.number, budget: collection.budget, limits: limits)
            switch collection.add(name, reading) {
            case .taken: break
            case .gone: return nil
            case .trouble(let error):
                let reason = "\(place) could not be read (\(error)); it is read again"
                return DirectoryReading(outcome: .unsettled(reason: reason), isUnsettled: true)
            }
        }
        collection.ignore(names, in: directory.number)
        return DirectoryReading(
            outcome: .content(collection.content(unlisted: names.contractCount - names.contracts.count)),
            signature: DirectorySignature(files: collection.files),
            layout: isVolume ? .volume : .plain,
            isUnsettled: collection.isUnsettled
        )
    }

    private func stamps(in directory: borrowing FileDescriptor) -> [DirectorySignature.File] {
        guard let names = try? DirectoryNames(of: directory, limits: limits) else { return [] }
        let number = directory.number
        return names.contracts.prefix(limits.files)
            .map { name in
                let path = cString(name)
                // A link that leads nowhere is known by itself, as the reading knows it.
                let stamp =
                    (try? FileStamp.of(path, in: number).get())
                    ?? (try? FileStamp.of(path, in: number, followsLinks: false).get())
                return DirectorySignature.File(name: name, stamp: stamp)
            }
    }

    // MARK: - What is no directory

    /// A path that names a file is read as a source of one key.
    private func readFile() -> DirectoryReading {
        let name = Array(path.utf8)
        var limits = limits
        limits.totalBytes = limits.fileBytes
        var collection = DirectoryCollection(limits: limits)
        let reading = FileReading.read(name, in: AT_FDCWD, budget: limits.totalBytes, limits: limits)
        switch reading {
        case .ignored(let reason, _):
            return absent(ENOTDIR, reason: "\(place) is \(reason) and not a directory; mount the ConfigMap there")
        case .gone: return absent(ENOENT)
        case .trouble(let error):
            return DirectoryReading(outcome: .unsettled(reason: "\(place): \(error)"), isUnsettled: true)
        case .bytes, .unusable, .changing: break
        }
        let base = path.split(separator: "/").last.map(String.init) ?? path
        let key = base.hasSuffix(".json") ? base : base + ".json"
        _ = collection.add(Array(key.utf8), reading)
        let stamp = collection.files.first?.stamp
        return DirectoryReading(
            outcome: .content(collection.content(unlisted: 0)),
            warnings: [
                "\(place) is a file, not a directory: it is read as the single key \(key); mount the whole ConfigMap "
                    + "as a directory (a volumeMount without subPath) to have all its keys and their updates"
            ],
            signature: DirectorySignature(root: stamp),
            layout: .file,
            isUnsettled: collection.isUnsettled
        )
    }

    private func absent(_ number: Int32, at name: String = "") -> DirectoryReading {
        let place = name.isEmpty ? place : "\(name) in \(place)"
        switch number {
        case ENOENT where name.isEmpty:
            return absent(number, reason: "\(place) does not exist; mount the ConfigMap there or correct the path")
        case ENOENT:
            return absent(number, reason: "\(place) points to a directory that does not exist")
        case EACCES, EPERM:
            let reason = "\(place) may not be read by uid \(geteuid()); give it the mode 0755 or an fsGroup"
            return absent(number, reason: reason)
        default:
            return absent(number, reason: "\(place) cannot be read (\(SystemError(call: "open", number: number)))")
        }
    }

    private func absent(_ number: Int32, reason: String) -> DirectoryReading {
        DirectoryReading(outcome: .absent(reason: reason), signature: DirectorySignature(obstacle: number))
    }
}
