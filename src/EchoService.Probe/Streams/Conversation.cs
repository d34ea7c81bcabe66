using System.Globalization;
using System.Net.Sockets;
using EchoService.Probe.Clients;
using EchoService.Probe.Dialing;
using EchoService.Probe.Events;
using EchoService.Probe.Measurement;

namespace EchoService.Probe.Streams;

/// <summary>
/// One connection from its first byte to its end: sends what the ledger has, has what comes back verified, and says how
/// it ended.
/// </summary>
/// <remarks>Everything but <see cref="RunAsync"/> is called under the lane's gate.</remarks>
internal sealed class Conversation : IDisposable
{
    private readonly Lock _gate;
    private readonly MessageLedger _ledger;
    private readonly LaneSettings _settings;
    private readonly int _number;
    private readonly byte[] _received;
    private readonly Socket _socket;
    private readonly Outbound _outbound;
    private readonly StreamVerifier _verifier;
    private ProbeEventKind? _givenUpFor;
    private bool _corruptionReported;
    private int _held;

    /// <summary>When this client last saw progress: a byte came, or its only message in flight was sent.</summary>
    private long _progressAt = Clock.Now;

    /// <param name="number">Of the lane.</param>
    /// <param name="gate">Of the lane.</param>
    /// <param name="ledger">Of the lane.</param>
    /// <param name="settings">Of the run.</param>
    /// <param name="socket">Connected; owned by this from now on.</param>
    /// <param name="received">A buffer, of the lane, since connections follow each other.</param>
    public Conversation(int number, Lock gate, MessageLedger ledger, LaneSettings settings, Socket socket, byte[] received)
    {
        (_number, _gate, _ledger, _settings, _socket, _received) = (number, gate, ledger, settings, socket, received);
        _outbound = new Outbound(gate, socket, settings.BufferSize, TakeBatch, ledger.CountSent);
        _verifier = new StreamVerifier(settings.Codec, number, ledger);
    }

    /// <summary>Messages answered on this connection.</summary>
    public long Answered { get; private set; }

    public void Dispose()
    {
        _outbound.Dispose();
        _socket.Dispose();
    }

    public void Flush() => _outbound.Flush();

    /// <summary>Reads until the connection ends.</summary>
    /// <param name="onRead">Called under the gate after each piece; false ends the reading.</param>
    /// <returns>What the receiving side was told at the end; null if <paramref name="onRead"/> ended it.</returns>
    public async Task<SocketError?> RunAsync(Func<bool> onRead)
    {
        var error = SocketError.Success;
        try
        {
            while (true)
            {
                var count = await _socket.ReceiveAsync(_received.AsMemory(_held), SocketFlags.None).ConfigureAwait(false);
                if (count == 0)
                {
                    break;
                }

                lock (_gate)
                {
                    if (!onRead())
                    {
                        return null;
                    }

                    _ledger.CountReceived(count);
                    Take(_held + count, isLast: false);
                    onRead();
                    _outbound.Flush();
                }
            }
        }
        catch (SocketException e)
        {
            error = e.SocketErrorCode;
        }
        catch (ObjectDisposedException)
        {
            error = SocketError.OperationAborted;
        }

        if (error == SocketError.Success)
        {
            await LetSendSettleAsync().ConfigureAwait(false);
        }

        return error;
    }

    /// <summary>Judges what is left and says how the connection ended; what was in flight is repeated or lost.</summary>
    public (ProbeEventKind Kind, string Detail) End(SocketError error)
    {
        _outbound.Abandon();
        Take(_held, isLast: true);
        var partial = _verifier.Partial;
        var kind = _givenUpFor ?? Failures.OfEnd(error, _outbound.MetReset, partial);
        var unanswered = kind == ProbeEventKind.FinAtBoundary ? _ledger.Repeat() : _ledger.Lose();
        var text = string.Create(CultureInfo.InvariantCulture, $"{Answered} answered, {unanswered} not");
        return (kind, partial == 0 ? text : string.Create(CultureInfo.InvariantCulture, $"{text}; {partial} of {_settings.Codec.MessageSize} bytes of a message"));
    }

    /// <summary>Gives the connection up if nothing has come for the timeout while an answer was due.</summary>
    public void GiveUpIfStalled(long now)
    {
        // Bytes that have arrived and were not read yet are the probe's delay and not the server's.
        if (_givenUpFor is null && _ledger.InFlight > 0 && now - _progressAt > _settings.Timeout && _socket.Available == 0)
        {
            GiveUp(ProbeEventKind.Stalled);
        }
    }

    /// <summary>Ends the connection in order.</summary>
    public void Close()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // Not connected any more, which is what is wanted.
        }
        catch (ObjectDisposedException)
        {
            // Given up before.
        }

        _socket.Dispose();
    }

    /// <summary>
    /// Of a RST the kernel tells one side of a socket, and the other reads a plain end. Where a send was waiting for room
    /// it may be the one that is told: it is about to complete then, and stays pending if this is a FIN.
    /// </summary>
    private async Task LetSendSettleAsync()
    {
        for (var i = 0; i < 10; i++)
        {
            lock (_gate)
            {
                if (!_outbound.IsPending)
                {
                    return;
                }
            }

            await Task.Delay(5).ConfigureAwait(false);
        }
    }

    private int TakeBatch(Span<byte> buffer)
    {
        if (!_ledger.HasBacklog)
        {
            return 0;
        }

        var now = Clock.Now;
        if (_ledger.InFlight == 0)
        {
            _progressAt = now;
        }

        return _ledger.TakeBatch(buffer, now);
    }

    private void Take(int length, bool isLast)
    {
        if (length > 0)
        {
            _progressAt = Clock.Now;
        }

        var answeredBefore = _ledger.Answered;
        var findings = _verifier.Take(_received.AsSpan(0, length), isLast);
        _held = findings.Held;
        _ledger.Count(findings);
        Answered += _ledger.Answered - answeredBefore;
        if (findings.MissingBytes > 0)
        {
            _settings.Events.Add(ProbeEventKind.LostBytes, _number, string.Create(CultureInfo.InvariantCulture, $"{findings.MissingBytes} bytes missing"), _ledger.Peer?.Instance.Name);
            _settings.Explain(_ledger.Peer, _number, ProbeEventKind.LostBytes);
        }

        if (findings.Corruption is { } corruption && !_corruptionReported)
        {
            _corruptionReported = true;
            _settings.Events.Add(ProbeEventKind.Corrupted, _number, corruption, _ledger.Peer?.Instance.Name);
            _settings.Explain(_ledger.Peer, _number, ProbeEventKind.Corrupted);
        }

        if (findings.IsSurplus)
        {
            GiveUp(ProbeEventKind.Corrupted);
        }
    }

    /// <summary>Ends the connection from this side, by RST: whatever still comes is of no use.</summary>
    private void GiveUp(ProbeEventKind reason)
    {
        _givenUpFor ??= reason;
        _outbound.Abandon();
        try
        {
            _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (SocketException)
        {
            // The connection has ended already.
        }
        catch (ObjectDisposedException)
        {
            // Given up before.
        }

        _socket.Dispose();
    }
}
