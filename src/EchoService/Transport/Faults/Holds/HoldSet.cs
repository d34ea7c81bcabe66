using EchoService.Transport.Connections;

namespace EchoService.Transport.Faults.Holds;

/// <summary>The holds that faults have of one connection, in the order in which they came, and what they say together.</summary>
/// <remarks>Not thread-safe: whoever uses it holds the lock of its <see cref="Detour"/>. Times are those of the <see cref="Pacer"/>.</remarks>
internal sealed class HoldSet(EchoLoop loop, Pacer pacer)
{
    /// <summary>For how long a reset after so many bytes waits for the client to acknowledge them: it would overtake those on their way.</summary>
    private static readonly TimeSpan AcknowledgeTimeout = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan AcknowledgeInterval = TimeSpan.FromMilliseconds(1);

    private Hold[] _holds = [];
    private long _cutWaitsUntil = Hold.Never;

    public bool IsEmpty => _holds.Length == 0;

    /// <summary>The fault that has had hold for longest; null: none has.</summary>
    public Fault? Oldest => IsEmpty ? null : _holds[0].Fault;

    /// <summary>Whether nothing is to be read from the client.</summary>
    public bool StopsReading => Array.Exists(_holds, static hold => hold.StopsReading);

    /// <summary>Whether the client's FIN is not to be answered.</summary>
    public bool KeepsOpen => Array.Exists(_holds, static hold => hold.KeepsOpen);

    public bool Contains(long faultId) => Array.Exists(_holds, hold => hold.Fault.Id == faultId);

    /// <returns>False where there is one of its kind: of those the first keeps hold.</returns>
    public bool TryAdd(Hold hold)
    {
        if (Array.Exists(_holds, other => other.Fault.Kind == hold.Fault.Kind))
        {
            return false;
        }

        _holds = [.. _holds, hold];
        return true;
    }

    /// <returns>False where that fault has none: another of its kind came first, or it is not about this connection.</returns>
    public bool TryRemove(Fault fault)
    {
        if (!Contains(fault.Id))
        {
            return false;
        }

        _holds = [.. _holds.Where(hold => hold.Fault != fault)];
        return true;
    }

    /// <summary>Passes on what has come in, as all of them alter it. What is returned is good until the next call.</summary>
    /// <param name="bytes">What has come in.</param>
    /// <param name="due">When it may leave: put off by what delays it.</param>
    public ReadOnlySpan<byte> Pass(ReadOnlySpan<byte> bytes, ref long due)
    {
        foreach (var hold in _holds)
        {
            bytes = hold.Pass(bytes);
            due += hold.DrawDelay();
        }

        return bytes;
    }

    /// <summary>How many bytes of those held back every one of them lets leave.</summary>
    /// <param name="held">What is held back.</param>
    /// <param name="now">The time.</param>
    /// <param name="next">Brought forward to when more may, where not all of them may.</param>
    public int Allow(HeldBytes held, long now, ref long next)
    {
        var count = held.Count;
        foreach (var hold in _holds)
        {
            var at = Hold.Never;
            if (hold.Delays)
            {
                count = held.CountDue(now, count, out at);
            }
            else if (count > 0)
            {
                count = hold.Allow(now, count, out at);
            }

            next = Math.Min(next, at);
        }

        return count;
    }

    /// <summary>Learns that bytes have left.</summary>
    public void OnSent(int count, long now)
    {
        foreach (var hold in _holds)
        {
            hold.OnSent(count, now);
        }
    }

    /// <summary>The first that is to cut the connection by now; null: none is.</summary>
    /// <param name="now">The time.</param>
    /// <param name="next">Brought forward to when one of them is to be asked again.</param>
    public Hold? FindCut(long now, ref long next)
    {
        foreach (var hold in _holds)
        {
            if (hold.Cut is not { } kind)
            {
                continue;
            }

            if (!hold.IsCutDue(now, out var at))
            {
                next = Math.Min(next, at);
            }
            else if (kind == FaultKind.Reset && WaitsForAcknowledgement(hold, now))
            {
                next = Math.Min(next, now + pacer.Ticks(AcknowledgeInterval));
            }
            else
            {
                return hold;
            }
        }

        return null;
    }

    /// <summary>The one that is to reset the connection by now whatever the client has acknowledged; null: none is.</summary>
    /// <param name="now">The time.</param>
    /// <param name="next">When it is, where it is not.</param>
    public Hold? FindReset(long now, out long next)
    {
        next = Hold.Never;
        return Array.Find(_holds, static hold => hold.Cut == FaultKind.Reset) is { } hold && hold.IsCutDue(now, out next) ? hold : null;
    }

    /// <summary>Whether bytes that a reset must come after are still on their way.</summary>
    private bool WaitsForAcknowledgement(Hold hold, long now)
    {
        if (hold.Fault.Spec.AfterBytes is null || loop.Socket is not { } socket
            || !TcpInfo.TryRead(socket, out var info) || info.BytesAcknowledged >= (ulong)loop.BytesSent)
        {
            return false;
        }

        if (_cutWaitsUntil == Hold.Never)
        {
            _cutWaitsUntil = now + pacer.Ticks(AcknowledgeTimeout);
        }

        return now < _cutWaitsUntil;
    }
}
