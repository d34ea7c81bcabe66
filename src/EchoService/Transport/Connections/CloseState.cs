namespace EchoService.Transport.Connections;

/// <summary>
/// Where a connection stands, why it is closing and how that went: all in one word, so that they change in one atomic
/// step, and all changes are here. The loop goes from Receiving to Echoing and back; anyone may close or abort.
/// </summary>
/// <remarks>
/// A mutable structure: a field of its connection, never copied. The loop pays two compare-and-swaps per message (about
/// 5 ns each on a line that it owns), which is what lets a close know, at the moment it is asked for, whether bytes are
/// in hand that must go out before the FIN.
/// </remarks>
internal struct CloseState(ConnectionPhase phase)
{
    private const int ReasonShift = 8;
    private const int OutcomeShift = 16;
    private const int ByteMask = 0xFF;

    private int _word = (int)phase;

    public ConnectionPhase Phase => PhaseOf(Volatile.Read(ref _word));

    /// <summary>Who asked for the end; <see cref="CloseReason.None"/> while it is open.</summary>
    public CloseReason Reason => ReasonOf(Volatile.Read(ref _word));

    /// <summary>How it ended; <see cref="CloseOutcome.None"/> until it has, or was cut off.</summary>
    public CloseOutcome Outcome => OutcomeOf(Volatile.Read(ref _word));

    /// <summary>The loop has read bytes to echo. False: our FIN went out first.</summary>
    public bool TryBeginEcho() => TryMove(ConnectionPhase.Receiving, ConnectionPhase.Echoing);

    /// <summary>The loop has sent them. False: a close was asked for meanwhile, see <see cref="TryFinish"/>.</summary>
    public bool TryEndEcho() => TryMove(ConnectionPhase.Echoing, ConnectionPhase.Receiving);

    /// <summary>The loop has read the PROXY header. False: a close came first.</summary>
    public bool TryEndHeader() => TryMove(ConnectionPhase.ReadingHeader, ConnectionPhase.Receiving);

    /// <summary>The loop has sent what was in hand when the close was asked for. True: it is the loop that sends the FIN.</summary>
    public bool TryFinish()
    {
        var observed = Volatile.Read(ref _word);
        return PhaseOf(observed) == ConnectionPhase.Finishing && TryMove(observed, With(ConnectionPhase.Closing, ReasonOf(observed)));
    }

    /// <summary>Begins a graceful close.</summary>
    /// <param name="reason">Who asks for it.</param>
    /// <param name="sendFin">Whether the caller is to send the FIN, now; otherwise the loop does, when nothing is in hand.</param>
    /// <returns>False: the connection was closing already.</returns>
    public bool TryClose(CloseReason reason, out bool sendFin)
    {
        while (true)
        {
            var observed = Volatile.Read(ref _word);
            var phase = PhaseOf(observed);
            sendFin = phase != ConnectionPhase.Echoing;
            if (phase >= ConnectionPhase.Finishing)
            {
                return false;
            }

            if (TryMove(observed, With(sendFin ? ConnectionPhase.Closing : ConnectionPhase.Finishing, reason)))
            {
                return true;
            }
        }
    }

    /// <summary>Begins a graceful close unless the header has become complete meanwhile. True: the caller sends the FIN.</summary>
    public bool TryCloseReadingHeader() =>
        TryMove((int)ConnectionPhase.ReadingHeader, With(ConnectionPhase.Closing, CloseReason.ProxyHeader));

    /// <summary>Cuts the connection off. True: the caller drops the socket.</summary>
    /// <param name="reason">Who asks. A close under way keeps the reason it had, unless this is <see cref="CloseReason.DrainForced"/>.</param>
    public bool TryAbort(CloseReason reason)
    {
        while (true)
        {
            var observed = Volatile.Read(ref _word);
            if (PhaseOf(observed) >= ConnectionPhase.Aborted)
            {
                return false;
            }

            var first = ReasonOf(observed);
            var final = first == CloseReason.None || reason == CloseReason.DrainForced ? reason : first;
            if (TryMove(observed, With(ConnectionPhase.Aborted, final, CloseOutcome.CutByService)))
            {
                return true;
            }
        }
    }

    /// <summary>The peer has had its time since our FIN. True: the caller drops the socket.</summary>
    /// <param name="outcome">How it ends: a peer that still sends is reset by it.</param>
    public bool TryExpire(CloseOutcome outcome)
    {
        var observed = Volatile.Read(ref _word);
        return PhaseOf(observed) == ConnectionPhase.Closing
            && TryMove(observed, With(ConnectionPhase.Aborted, ReasonOf(observed), outcome));
    }

    /// <summary>The loop is over, for a reason and in a way that count where nobody else had named one before.</summary>
    /// <returns>False: it had ended already.</returns>
    public bool TryEnd(CloseReason reason, CloseOutcome outcome)
    {
        while (true)
        {
            var observed = Volatile.Read(ref _word);
            if (PhaseOf(observed) == ConnectionPhase.Ended)
            {
                return false;
            }

            var finalReason = ReasonOf(observed) == CloseReason.None ? reason : ReasonOf(observed);
            var finalOutcome = OutcomeOf(observed) == CloseOutcome.None ? outcome : OutcomeOf(observed);
            if (TryMove(observed, With(ConnectionPhase.Ended, finalReason, finalOutcome)))
            {
                return true;
            }
        }
    }

    private static int With(ConnectionPhase phase, CloseReason reason, CloseOutcome outcome = CloseOutcome.None) =>
        (int)phase | ((int)reason << ReasonShift) | ((int)outcome << OutcomeShift);

    private static ConnectionPhase PhaseOf(int word) => (ConnectionPhase)(word & ByteMask);

    private static CloseReason ReasonOf(int word) => (CloseReason)((word >> ReasonShift) & ByteMask);

    private static CloseOutcome OutcomeOf(int word) => (CloseOutcome)(word >> OutcomeShift);

    // In an open phase the word is the phase alone.
    private bool TryMove(ConnectionPhase from, ConnectionPhase to) => TryMove((int)from, (int)to);

    private bool TryMove(int from, int to) => Interlocked.CompareExchange(ref _word, to, from) == from;
}
