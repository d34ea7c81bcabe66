using System.Net.Sockets;
using EchoService.Transport.Connections;
using EchoService.Transport.Faults.Holds;

namespace EchoService.Transport.Faults;

/// <summary>
/// The way that a connection's bytes take while faults have hold of it: in by the loop, which goes on reading, past the
/// holds, into a queue, and out again when every hold lets them. It ends itself when no fault has hold any more and
/// nothing is held back; then the loop sends by itself again.
/// </summary>
/// <remarks>
/// <para>
/// Everything is decided under one lock, by whoever has news: the loop that has read, a send that has completed, the
/// <see cref="Pacer"/> whose time has come, after a change of faults or a close too. What was decided is done outside of
/// it, by <see cref="DetourSteps"/>. While a send is outstanding nothing but a reset is decided: its completion looks again.
/// </para>
/// <para>
/// Unlike on the direct way two operations can be outstanding, the loop's receive and a send here. So the connection ends
/// when there is neither: whichever is the last to stop frees it.
/// </para>
/// </remarks>
internal sealed class Detour : IPaced, IDisposable
{
    private readonly Lock _lock = new();
    private readonly EchoLoop _loop;
    private readonly ConnectionContext _context;
    private readonly Pacer _pacer;
    private readonly HeldBytes _held = new();
    private readonly HoldSet _holds;
    private readonly DetourSteps _steps;
    private Fault? _endedBy;
    private long _wakesAt = Hold.Never;

    // The loop has told the close state that bytes are in hand.
    private bool _isEchoing;

    // A send is outstanding, or about to be.
    private bool _isSending;

    // The loop has stopped: no receive is outstanding, and whoever clears this has it go on.
    private bool _isParked;

    // The loop has read the client's FIN and has stopped for good.
    private bool _isAtEnd;

    // How the connection is to end as soon as both have stopped.
    private (CloseReason Reason, CloseOutcome Outcome)? _failure;

    // Back on the direct way, or ended: nothing comes here any more.
    private bool _isOver;

    public Detour(EchoLoop loop, ConnectionContext context)
    {
        _loop = loop;
        _context = context;
        _pacer = context.Faults.Pacer;
        _holds = new HoldSet(loop, _pacer);
        _steps = new DetourSteps(this, loop, context.Logger);
    }

    /// <summary>The id of the fault that has had hold of the connection for longest, or that has ended it.</summary>
    public long? FaultId
    {
        get
        {
            lock (_lock)
            {
                return (_endedBy ?? _holds.Oldest)?.Id;
            }
        }
    }

    /// <summary>Whether it is a fault that the connection waits for, and not its client.</summary>
    public bool HoldsBack
    {
        get
        {
            lock (_lock)
            {
                return !_isOver && !_isSending && (!_held.IsEmpty || _isAtEnd);
            }
        }
    }

    /// <summary>Why and how the connection ends. Only once that is decided.</summary>
    public (CloseReason Reason, CloseOutcome Outcome) Ending
    {
        get
        {
            lock (_lock)
            {
                return _failure!.Value;
            }
        }
    }

    /// <summary>Whether that fault has hold of the connection, or has ended it.</summary>
    public bool IsHeldBy(long faultId)
    {
        lock (_lock)
        {
            return _endedBy?.Id == faultId || _holds.Contains(faultId);
        }
    }

    /// <summary>Lets a fault take hold.</summary>
    /// <param name="hold">What it does.</param>
    /// <param name="isOver">The detour has come to its end meanwhile: a new one is needed.</param>
    /// <returns>False also where it has hold already, or another of its kind.</returns>
    public bool TryAdd(Hold hold, out bool isOver)
    {
        lock (_lock)
        {
            isOver = _isOver;
            if (_isOver || !_holds.TryAdd(hold))
            {
                return false;
            }
        }

        Wake();
        return true;
    }

    /// <summary>A fault is over: if it had hold, what it held back goes out.</summary>
    public void Release(Fault fault)
    {
        lock (_lock)
        {
            if (!_holds.TryRemove(fault))
            {
                return;
            }

            if (fault.Kind == FaultKind.Delay)
            {
                _held.ForgetTimes();
            }
        }

        Wake();
    }

    /// <summary>Something has changed: it is looked at soon, on the pacer's thread.</summary>
    public void Wake()
    {
        lock (_lock)
        {
            ScheduleAt(long.MinValue);
        }
    }

    /// <inheritdoc/>
    public void OnDue()
    {
        lock (_lock)
        {
            _wakesAt = Hold.Never;
        }

        _steps.Advance();
    }

    /// <summary>Takes what the loop has read.</summary>
    /// <returns>False: the detour is over, and the bytes go the direct way.</returns>
    public bool TryTake(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            if (_isOver)
            {
                return false;
            }

            if (!TryBeginEcho())
            {
                // As on the direct way: what comes after a close was asked for is not echoed.
                _loop.Figures.OnDiscarded(bytes.Length);
                return true;
            }

            _context.Counters.Current.Received += bytes.Length;
            _loop.Figures.OnReceived(bytes.Length, _context.Clock.Now);
            var due = _pacer.Now;
            var passed = _holds.Pass(bytes, ref due);
            CountAltered(passed.Length - bytes.Length);
            _held.Add(passed, due);
        }

        _steps.Advance();
        return true;
    }

    /// <summary>Whether the loop is to read on. If not it stops, and is called when it may.</summary>
    public bool MayRead()
    {
        lock (_lock)
        {
            _isParked = !_isOver && !CanRead();
            return !_isParked;
        }
    }

    /// <summary>The loop has read the client's FIN.</summary>
    /// <returns>False: the connection ends by that as on the direct way. True: the detour sees to its end.</returns>
    public bool TryKeepAfterFin()
    {
        lock (_lock)
        {
            if (_isOver || _loop.Progress.Phase >= ConnectionPhase.Closing)
            {
                return false;
            }

            _isParked = _isAtEnd = true;
        }

        _steps.Advance();
        return true;
    }

    /// <summary>The loop has come to its end.</summary>
    /// <param name="reason">Why; where a send had failed before, why that did.</param>
    /// <param name="outcome">How, likewise.</param>
    /// <returns>Whether the loop is to free everything; if not, a send is outstanding, and its completion does.</returns>
    public bool TryEnd(ref CloseReason reason, ref CloseOutcome outcome)
    {
        lock (_lock)
        {
            if (_isOver)
            {
                return true;
            }

            _isParked = true;
            _failure ??= (reason, outcome);
            (reason, outcome) = _failure.Value;
            if (!_isSending)
            {
                Finish();
                return true;
            }
        }

        _loop.Socket?.Dispose();
        return false;
    }

    /// <summary>Decides what is to be done next. Whoever is told takes the step, and asks again.</summary>
    public DetourStep Decide()
    {
        lock (_lock)
        {
            return DecideNext();
        }
    }

    /// <summary>A send is over.</summary>
    /// <param name="count">What the kernel has taken; of a send that has failed too, for the client may have got that.</param>
    /// <param name="error">How the send has ended.</param>
    public void OnSent(int count, SocketError error)
    {
        lock (_lock)
        {
            _isSending = false;
            if (error != SocketError.Success)
            {
                _failure ??= (EchoLoop.Classify(error), CloseOutcome.CutByClient);
            }

            _loop.Figures.OnSent(count, _context.Clock.Now);
            _context.Counters.Current.Sent += count;
            _held.Remove(count);
            _holds.OnSent(count, _pacer.Now);
        }
    }

    /// <summary>A step could not be taken, in a way that nobody foresaw.</summary>
    public void OnFailed()
    {
        lock (_lock)
        {
            _isSending = false;
            _failure ??= (CloseReason.Error, CloseOutcome.CutByService);
        }
    }

    /// <summary>Called by itself when it is over.</summary>
    public void Dispose() => _steps.Dispose();

    // All below is called with the lock held.
    private DetourStep DecideNext()
    {
        if (_isOver)
        {
            return DetourStep.None;
        }

        var phase = _loop.Progress.Phase;
        if (_isSending)
        {
            return phase < ConnectionPhase.Aborted ? DecideReset() : DetourStep.None;
        }

        if (_failure is null && phase >= ConnectionPhase.Aborted)
        {
            _failure = (CloseReason.Error, CloseOutcome.CutByService);
        }

        if (_failure is not null)
        {
            return EndNow();
        }

        if (phase == ConnectionPhase.Closing)
        {
            // What is held back is not wanted any more; what still comes is discarded by the loop.
            return _isAtEnd ? EndWith(CloseReason.ClientFin) : Leave();
        }

        var now = _pacer.Now;
        var next = Hold.Never;
        if (DecideCut(now, ref next) is var cut and not DetourStep.None)
        {
            return cut;
        }

        if (_holds.Allow(_held, now, ref next) is var count and > 0)
        {
            var bytes = _held.Peek(count);
            _steps.SetBuffer(bytes.Array, bytes.Offset, bytes.Count);
            _isSending = true;
            ScheduleAt(next);
            return DetourStep.Send;
        }

        if (_held.IsEmpty && DecideEmpty() is var step and not DetourStep.None)
        {
            return step;
        }

        if (_isParked && !_isAtEnd && CanRead())
        {
            _isParked = false;
            // What is held back has its time all the same.
            ScheduleAt(next);
            return DetourStep.Resume;
        }

        ScheduleAt(next);
        return DetourStep.None;
    }

    /// <summary>Whether a reset is to come in spite of a send that the client does not take.</summary>
    private DetourStep DecideReset()
    {
        if (_holds.FindReset(_pacer.Now, out var next) is { } hold)
        {
            EndBy(hold.Fault);
            return DetourStep.Reset;
        }

        ScheduleAt(next);
        return DetourStep.None;
    }

    private DetourStep DecideCut(long now, ref long next)
    {
        if (_endedBy is not null || _holds.FindCut(now, ref next) is not { } hold)
        {
            return DetourStep.None;
        }

        EndBy(hold.Fault);
        if (hold.Cut == FaultKind.Reset)
        {
            return DetourStep.Reset;
        }

        var began = _loop.Progress.TryClose(CloseReason.Fault, out var sendFin);
        // What is held back is not sent any more. Where the loop was sending when the fault began, the FIN is its to send.
        return (began && sendFin) || (_isEchoing && _loop.Progress.TryFinish()) ? DetourStep.SendFin : DetourStep.None;
    }

    private void EndBy(Fault fault)
    {
        _endedBy ??= fault;
        fault.CountBytes(_held.Count);
    }

    private DetourStep DecideEmpty()
    {
        if (_isEchoing)
        {
            _isEchoing = false;
            if (!_loop.Progress.TryEndEcho())
            {
                return _loop.Progress.TryFinish() ? DetourStep.SendFin : DecideNext();
            }
        }

        if (_isAtEnd)
        {
            return _holds.KeepsOpen ? DetourStep.None : EndWith(CloseReason.ClientFin);
        }

        return _holds.IsEmpty ? Leave() : DetourStep.None;
    }

    private DetourStep EndWith(CloseReason reason)
    {
        _failure = (reason, CloseOutcome.InOrder);
        return EndNow();
    }

    private DetourStep EndNow()
    {
        if (!_isParked)
        {
            // Its receive completes by that, and it ends.
            return DetourStep.DropSocket;
        }

        Finish();
        return DetourStep.End;
    }

    /// <summary>Back to the direct way.</summary>
    private DetourStep Leave()
    {
        var wasParked = _isParked;
        Finish();
        if (_endedBy is null)
        {
            _loop.LeaveDetour();
        }

        return wasParked ? DetourStep.Resume : DetourStep.None;
    }

    private void Finish()
    {
        _isOver = true;
        _held.Clear();
        _steps.SetBuffer(null, 0, 0);
        Dispose();
    }

    private bool TryBeginEcho() => _isEchoing
        ? _loop.Progress.Phase == ConnectionPhase.Echoing
        : _isEchoing = _loop.Progress.TryBeginEcho();

    private bool CanRead() => !_holds.StopsReading && (_held.IsEmpty || !_held.IsFull);

    private void CountAltered(int difference)
    {
        if (difference != 0)
        {
            _loop.Figures.OnAltered(difference);
            _context.Counters.CountAltered(difference);
        }
    }

    private void ScheduleAt(long at)
    {
        if (at < _wakesAt && !_isOver)
        {
            _wakesAt = at;
            _pacer.Schedule(this, at);
        }
    }
}
