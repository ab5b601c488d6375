import Shared
import Testing

/// The contracts of deploy/examples, which the demo and the README use.
@Suite struct ExampleContractTests {
    private static let examples = [
        ("gcp-secret-manager", "GCP-Secret-Manager"), ("aws-secrets-manager", "AWS-Secrets-Manager"),
        ("azure-key-vault", "Azure-Key-Vault"),
    ]

    @Test(arguments: examples)
    func isAValidContractWithoutWarnings(file: String, provider: String) throws {
        let bytes = try Repository.bytes("deploy/examples/contracts/\(file).json")
        let contract = try Contract.parse(key: "\(file).json", bytes: bytes)
        #expect(contract.consumer == "Secret-Manager-Controller")
        #expect(contract.provider == provider)
        #expect(contract.specification == "3.0.0")
        #expect(contract.interactions > 8)
        #expect(contract.warnings == [])
    }

    @Test func noTwoInteractionsOfAContractAreTakenForOne() throws {
        for (file, _) in Self.examples {
            let bytes = try Repository.bytes("deploy/examples/contracts/\(file).json")
            let contract = try Contract.parse(key: "a.json", bytes: bytes)
            var copy = contract
            copy.files = ["b.json"]
            // Merged with itself, every interaction must find itself, and only itself.
            guard case .merged(let merged) = try #require(ContractMerger.merge([contract, copy])) else {
                Issue.record("\(file) conflicts with itself")
                continue
            }
            #expect(merged.interactions == contract.interactions)
            let interactions = try #require(try contract.document()["interactions"]?.array)
            let identities = interactions.map {
                JSONValue.array([$0["description"] ?? .null, $0["providerStates"] ?? .null]).compactText
            }
            #expect(Set(identities).count == identities.count)
        }
    }
}
