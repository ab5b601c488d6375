import Shared
import Testing

@Suite struct EncodingTests {
    @Test(arguments: [
        (
            "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709"
        ),
        (
            "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "a9993e364706816aba3e25717850c26c9cd0d89d"
        ),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        ),
    ])
    func hashesTheVectorsOfFIPS180(message: String, sha256: String, sha1: String) {
        #expect(ContentHash.sha256Hex(message) == sha256)
        #expect(ContentHash.sha1Hex(message) == sha1)
    }

    @Test func hashesAMillionLetters() {
        let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        #expect(ContentHash.sha256Hex(bytes) == expected)
        #expect(ContentHash.sha1Hex(bytes) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f")
    }

    /// The expected values are those of Python's hashlib over the same messages, so that every length around a block's
    /// end is compared with somebody else's code.
    @Test func hashesEveryLengthAroundBlocks() {
        var all256 = SHA256()
        var all1 = SHA1()
        for length in 0..<300 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 7 + length) }
            var hash = SHA256()
            hash.update(bytes)
            all256.update(hash.finalize())
            var short = SHA1()
            short.update(bytes)
            all1.update(short.finalize())
        }
        #expect(Hex.string(all256.finalize()) == "d5238871a46ac4a1a75ac3fb19d645b0b3b9e5f35f5f720e2b240d605c6b694e")
        #expect(Hex.string(all1.finalize()) == "dfc942b5ddc5fe6421ccada9be50fa42e873926c")
    }

    @Test func hashesPiecesLikeTheWhole() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var generator = SeededGenerator(state: 7)
        for _ in 0..<200 {
            var hash = SHA256()
            var short = SHA1()
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 0...150, using: &generator))
                hash.update(piece)
                short.update(piece)
                rest = rest.dropFirst(piece.count)
            }
            #expect(Hex.string(hash.finalize()) == ContentHash.sha256Hex(bytes))
            #expect(Hex.string(short.finalize()) == ContentHash.sha1Hex(bytes))
        }
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"), ("\u{FB}\u{FF}~", "w7vDv34="),
    ])
    func encodesTheVectorsOfRFC4648(text: String, base64: String) {
        #expect(Base64.encodeToString(Array(text.utf8)) == base64)
        #expect(Base64.decode(base64.utf8) == Array(text.utf8))
    }

    @Test func everyByteSurvivesBase64() {
        var generator = SeededGenerator(state: 1)
        for length in 0..<200 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
        #expect(Base64.encodeToString([0xFB, 0xFF, 0xBF]) == "+/+/")
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9v\n", "Zm 9v", "-_-_", "====", "Z===", "=Zg=", "Zg==Zg==",
        "Zm8=Zm8=", "Zm9v\0\0\0\0", "Zmé=",
    ])
    func refusesEverythingElseAsBase64(text: String) {
        #expect(Base64.decode(text.utf8) == nil)
    }

    @Test(arguments: [
        ("GCP-Secret-Manager", "GCP-Secret-Manager"), ("a b/c", "a%20b%2Fc"), ("é😀", "%C3%A9%F0%9F%98%80"),
        ("100%+?#[]&=~._", "100%25%2B%3F%23%5B%5D%26%3D~._"), ("<h1>", "%3Ch1%3E"), ("", ""), ("a\u{0}", "a%00"),
    ])
    func encodesPathSegmentsAndBack(text: String, encoded: String) {
        #expect(PercentEncoding.pathSegment(text) == encoded)
        #expect(PercentEncoding.decode(encoded) == text)
    }

    @Test(arguments: ["%", "%2", "%zz", "a%2", "%C3", "%C3%28", "%ED%A0%80", "%+1"])
    func refusesBrokenPercentEncoding(text: String) {
        #expect(PercentEncoding.decode(text) == nil)
    }

    @Test func decodesLowerCaseAndLeavesPlusAlone() {
        #expect(PercentEncoding.decode("a%2fb+c"[...]) == "a/b+c")
    }
}
