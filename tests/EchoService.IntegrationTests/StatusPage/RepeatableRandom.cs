namespace EchoService.IntegrationTests.StatusPage;

/// <summary>Pseudo-random numbers from 0 to 1 that are the same with every version of .NET (mulberry32).</summary>
internal sealed class RepeatableRandom(uint seed)
{
    private uint _state = seed;

    public double Next()
    {
        unchecked
        {
            _state += 0x6d2b79f5;
            var t = (_state ^ (_state >> 15)) * (1 | _state);
            t = (t + ((t ^ (t >> 7)) * (61 | t))) ^ t;
            return (t ^ (t >> 14)) / 4_294_967_296.0;
        }
    }
}
