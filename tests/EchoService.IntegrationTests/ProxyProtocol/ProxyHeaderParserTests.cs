using EchoService.Transport.ProxyProtocol;

namespace EchoService.IntegrationTests.ProxyProtocol;

/// <summary>The parser on its own: what it takes, what it refuses, and that neither depends on how the bytes come.</summary>
public sealed class ProxyHeaderParserTests
{
    private static readonly byte[] Payload = "\r\nPROXY payload\r\n"u8.ToArray();

    public static TheoryData<string> GoodHeaders => [.. ProxyHeaders.Good.Keys];

    public static TheoryData<string> BadHeaders => [.. ProxyHeaders.Bad.Keys];

    [Theory]
    [MemberData(nameof(GoodHeaders))]
    public void TakesAGoodHeaderInEveryFragmentation(string name)
    {
        var (header, client) = ProxyHeaders.Good[name];
        byte[] stream = [.. header, .. Payload];
        foreach (var cuts in Fragmentations(header.Length))
        {
            var reader = new ProxyHeaderReader();
            var start = 0;
            foreach (var end in cuts)
            {
                reader.Read(stream.AsSpan(start, end - start), out _, out _).ShouldBe(ProxyHeaderStatus.Incomplete);
                start = end;
            }

            reader.Read(stream.AsSpan(start), out var consumed, out var named).ShouldBe(ProxyHeaderStatus.Complete);
            (start + consumed).ShouldBe(header.Length);
            named?.ToString().ShouldBe(client);
            (named is null).ShouldBe(client is null);
        }
    }

    [Theory]
    [MemberData(nameof(BadHeaders))]
    public void RefusesABadHeaderInEveryFragmentation(string name)
    {
        byte[] stream = [.. ProxyHeaders.Bad[name], .. Payload];
        foreach (var cuts in Fragmentations(stream.Length))
        {
            var reader = new ProxyHeaderReader();
            var start = 0;
            var status = ProxyHeaderStatus.Incomplete;
            foreach (var end in cuts.Append(stream.Length).TakeWhile(_ => status == ProxyHeaderStatus.Incomplete))
            {
                status = reader.Read(stream.AsSpan(start, end - start), out _, out _);
                start = end;
            }

            status.ShouldBe(ProxyHeaderStatus.Invalid);
        }
    }

    [Theory]
    [InlineData("X", 1)]
    [InlineData("PROXy", 5)]
    [InlineData("PROXY-", 6)]
    [InlineData("\r\n\r\n\r", 5)]
    public void RefusesAtTheFirstByteThatCannotBe(string text, int length)
    {
        var bytes = System.Text.Encoding.Latin1.GetBytes(text);
        ProxyHeaderParser.Parse(bytes.AsSpan(0, length - 1), out _).ShouldBe(ProxyHeaderStatus.Incomplete);
        ProxyHeaderParser.Parse(bytes.AsSpan(0, length), out _).ShouldBe(ProxyHeaderStatus.Invalid);
    }

    [Fact]
    public void TellsThatAHeaderIsTooLongFromItsDeclaredLength()
    {
        var header = ProxyHeaders.Bad["v2 longer than is taken"];
        ProxyHeaderParser.Parse(header.AsSpan(0, 16), out _).ShouldBe(ProxyHeaderStatus.Invalid);
    }

    [Theory]
    [InlineData("v2 TCP4 with checksum", 28)]
    [InlineData("v2 TCP6 with checksum amid vectors", 52)]
    public void NamesNoClientWhenABitOfAChecksummedHeaderIsWrong(string name, int typeOfChecksum)
    {
        var header = ProxyHeaders.Good[name].Header.ToArray();
        // Except in the type of the checksum's own vector, which makes it some other vector.
        foreach (var at in Enumerable.Range(0, header.Length).Except([typeOfChecksum]))
        {
            for (var bit = 1; bit < 256; bit <<= 1)
            {
                header[at] ^= (byte)bit;
                ProxyHeaderParser.Parse(header, out var parsed);
                parsed.Client.ShouldBeNull($"byte {at}, bit {bit}");
                header[at] ^= (byte)bit;
            }
        }
    }

    [Fact]
    public void WithstandsAMillionMutatedHeaders()
    {
        var corpus = ProxyHeaders.Good.Values.Select(good => good.Header).Concat(ProxyHeaders.Bad.Values).ToArray();
        var random = new Random(20_260_101);
        // Everything is read from this one buffer, so an over-read by as little as a byte meets other bytes every time.
        var buffer = new byte[20_000];
        var counts = new int[Enum.GetValues<ProxyHeaderStatus>().Length];
        for (var round = 0; round < 1_000_000; round++)
        {
            random.NextBytes(buffer.AsSpan(0, 64));
            var length = Mutate(corpus, random, buffer);
            var data = buffer.AsSpan(0, length);
            var status = ProxyHeaderParser.Parse(data, out var header);
            counts[(int)status]++;
            var cut = random.Next(length + 1);
            var partStatus = ProxyHeaderParser.Parse(data[..cut], out var part);
            switch (status)
            {
                case ProxyHeaderStatus.Complete:
                    Holds(header.Length is > 0 and <= ProxyHeaderParser.MaxLength && header.Length <= length, round);
                    // What lies behind the header has no say, and no part of it will do.
                    Holds(cut < header.Length ? partStatus == ProxyHeaderStatus.Incomplete : partStatus == status && part.Equals(header), round);
                    break;
                case ProxyHeaderStatus.Incomplete:
                    Holds(partStatus == ProxyHeaderStatus.Incomplete && length < ProxyHeaderParser.MaxLength, round);
                    break;
                default:
                    Holds(partStatus != ProxyHeaderStatus.Complete, round);
                    break;
            }

            var reader = new ProxyHeaderReader();
            var readStatus = reader.Read(data[..cut], out var consumed, out var client);
            if (readStatus == ProxyHeaderStatus.Incomplete)
            {
                readStatus = reader.Read(data[cut..], out consumed, out client);
                consumed += cut;
            }

            Holds(readStatus == status, round);
            Holds(status != ProxyHeaderStatus.Complete || (consumed == header.Length && Equals(client, header.Client)), round);
        }

        // Mutations that never got past the first check would prove nothing.
        counts.ShouldAllBe(count => count > 10_000);
    }

    private static void Holds(bool condition, int round)
    {
        if (!condition)
        {
            throw new ShouldAssertException($"Broken in round {round}.");
        }
    }

    private static int Mutate(byte[][] corpus, Random random, byte[] buffer)
    {
        var header = corpus[random.Next(corpus.Length)];
        header.CopyTo(buffer, 0);
        var length = header.Length;
        for (var left = random.Next(4); left > 0; left--)
        {
            var at = random.Next(length);
            switch (random.Next(6))
            {
                case 0:
                    buffer[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    buffer[at] = (byte)random.Next(256);
                    break;
                case 2 when length > 1:
                    buffer.AsSpan(at + 1, length - at - 1).CopyTo(buffer.AsSpan(at));
                    length--;
                    break;
                case 3:
                    buffer.AsSpan(at, length - at).CopyTo(buffer.AsSpan(at + 1));
                    buffer[at] = " .:0\r\n"u8[random.Next(6)];
                    length++;
                    break;
                case 4:
                    length = at + 1;
                    break;
                default:
                    var other = corpus[random.Next(corpus.Length)];
                    var from = random.Next(other.Length);
                    other.AsSpan(from).CopyTo(buffer.AsSpan(at));
                    length = at + other.Length - from;
                    break;
            }
        }

        return length;
    }

    /// <summary>All at once, byte by byte, in pieces of every small size, and in two pieces cut anywhere.</summary>
    private static IEnumerable<int[]> Fragmentations(int length)
    {
        yield return [];
        foreach (var size in Enumerable.Range(1, 16).Where(size => size < length))
        {
            yield return [.. Enumerable.Range(1, (length - 1) / size).Select(i => i * size)];
        }

        foreach (var cut in Enumerable.Range(1, length - 1))
        {
            yield return [cut];
        }
    }
}
