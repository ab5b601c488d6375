/// Makes one contract out of all files of a pair, as the broker's own client does before it publishes.
package enum ContractMerger {
    /// What becomes of a pair.
    package enum Outcome: Equatable, Sendable {
        /// There is one file: it is published byte for byte.
        case single(Contract)
        /// Several files, one document: ``Contract/files`` names them all.
        case merged(Contract)
        /// The files contradict each other; never empty, at most ``maximumConflicts``.
        case conflict([ContractConflict])
    }

    /// At most so many conflicts are listed per pair.
    package static let maximumConflicts = 20

    /// Merges the contracts of one pair, in file-name order, whatever order they come in.
    ///
    /// An interaction (or message) that has the description and provider states (and v4 type) of one in an earlier file
    /// is kept once if both are equal and is a conflict otherwise; every other one is appended. Equal means the same
    /// content: member order does not count, numbers compare as the broker compares them (`1` is not `1.0`). Other
    /// top-level members are those of the first file; `metadata` that of the first file that names a specification.
    /// Files that name different major versions of the specification are a conflict; a file that names none fits any.
    ///
    /// - Parameter contracts: Parsed files with the same consumer and provider; at least one.
    /// - Returns: `nil` for no contracts.
    package static func merge(_ contracts: [Contract]) -> Outcome? {
        let contracts = contracts.sorted { a, b in
            (a.files.first ?? "").compareBytes(to: b.files.first ?? "") < 0
        }
        guard let first = contracts.first else { return nil }
        if contracts.count == 1 { return .single(first) }
        var conflicts = specificationConflicts(contracts)
        var merge = DocumentMerge()
        for contract in contracts {
            // Parsed once already, so that this cannot fail; a reason is still better than a crash.
            do {
                merge.add(try contract.document(), file: contract.files.first ?? "")
            } catch {
                let files = contract.files
                conflicts.append(ContractConflict(kind: .interaction, files: files, reason: "\(files): \(error)"))
            }
        }
        conflicts += merge.conflicts
        guard conflicts.isEmpty else { return .conflict(Array(conflicts.prefix(maximumConflicts))) }
        let document = merge.document
        let bytes = JSONWriter.compact(document)
        let warnings = contracts.flatMap { contract in
            contract.warnings.map { "\(contract.files.first ?? ""): \($0)" }
        }
        return .merged(
            Contract(
                consumer: first.consumer,
                provider: first.provider,
                files: contracts.flatMap(\.files),
                specification: PactSpecification.version(of: document),
                interactions: merge.interactions.count - merge.ofMessageType,
                messages: merge.messages.count + merge.ofMessageType,
                warnings: Array((merge.warnings + warnings).prefix(Contract.maximumWarnings)),
                bytes: bytes,
                sha256: ContentHash.sha256Hex(bytes)
            )
        )
    }

    /// One conflict for each major version after the first one named.
    private static func specificationConflicts(_ contracts: [Contract]) -> [ContractConflict] {
        var seen: [(major: Int, contract: Contract)] = []
        for contract in contracts {
            guard let major = contract.specificationMajor, !seen.contains(where: { $0.major == major }) else {
                continue
            }
            seen.append((major, contract))
        }
        guard let reference = seen.first else { return [] }
        return seen.dropFirst()
            .map { other in
                let files = [reference.contract, other.contract].flatMap(\.files)
                let names = files.joined(separator: " and ")
                let versions = "\(reference.contract.specification) and \(other.contract.specification)"
                let reason = "\(names) follow different Pact specifications (\(versions)); write both with the same one"
                return ContractConflict(kind: .specification, files: files, reason: reason)
            }
    }
}
