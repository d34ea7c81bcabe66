using System.Net;
using System.Net.Sockets;

namespace EchoService.ControlPlane.Access;

/// <summary>
/// Counts calls with a wrong key: for one line of log a minute, and per peer, to answer no more than a few of each in a
/// minute in full. Whoever has the right key is never held up by it, wherever others try from: of 16 characters and
/// more, none can be found by trying.
/// </summary>
internal sealed class WrongKeys(TimeProvider time, ILogger<WrongKeys> logger) : IDisposable
{
    /// <summary>How many wrong keys a peer may show in a <see cref="Period"/> before it is told to wait.</summary>
    public const int Allowed = 10;

    /// <summary>For how long a peer's wrong keys are counted together; also the least time between two lines of log.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    // Peers that share a slot share its allowance, so that strangers cannot make it grow.
    private const int Slots = 1024;

    private readonly Lock _lock = new();
    private readonly (long Since, int Count)[] _slots = new (long, int)[Slots];
    private ITimer? _timer;
    private long _unsaid;
    private string _last = "";

    /// <summary>Notes a wrong key.</summary>
    /// <returns>Whether the peer has shown too many, and for how long it is to wait then.</returns>
    public bool IsTooMany(IPAddress? peer, out TimeSpan wait)
    {
        lock (_lock)
        {
            _unsaid++;
            _last = peer?.ToString() ?? "an unknown address";
            if (_timer is null)
            {
                Say();
                _timer = time.CreateTimer(_ => OnPeriodOver(), null, Period, Period);
            }

            ref var slot = ref _slots[(uint)Key(peer).GetHashCode() % Slots];
            var elapsed = time.GetElapsedTime(slot.Since);
            if (slot.Count == 0 || elapsed >= Period)
            {
                slot = (time.GetTimestamp(), 0);
                elapsed = TimeSpan.Zero;
            }

            wait = Period - elapsed;
            if (slot.Count >= Allowed)
            {
                return true;
            }

            slot.Count++;
            return false;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _timer?.Dispose();
            Say();
        }
    }

    /// <summary>Who counts as one: of IPv6 the network of 64 bits, of which a host has all addresses.</summary>
    private static string Key(IPAddress? peer) =>
        peer is { AddressFamily: AddressFamily.InterNetworkV6 } ? Convert.ToHexString(peer.GetAddressBytes().AsSpan(0, 8)) : $"{peer}";

    private void OnPeriodOver()
    {
        lock (_lock)
        {
            if (_unsaid == 0)
            {
                _timer?.Dispose();
                _timer = null;
            }

            Say();
        }
    }

    private void Say()
    {
        if (_unsaid > 0)
        {
            Log.WrongKeys(logger, _unsaid, _last);
            _unsaid = 0;
        }
    }
}
