using System.Net.Sockets;
using EchoService.Transport.Connections;

namespace EchoService.Transport.Faults;

/// <summary>Takes the steps that a <see cref="Detour"/> decides on, and is the operation that its sends are.</summary>
/// <remarks>
/// All of it is outside of the detour's lock, on the thread of whoever had news. Several may be here at once: each step
/// is decided on once, and there is none but a reset while a send is outstanding.
/// </remarks>
internal sealed class DetourSteps(Detour detour, EchoLoop loop, ILogger logger) : SocketAsyncEventArgs(unsafeSuppressExecutionContextFlow: true)
{
    /// <summary>Takes all that are due by now.</summary>
    public void Advance()
    {
        try
        {
            while (detour.Decide() is var step and not DetourStep.None && Take(step))
            {
            }
        }
        catch (Exception exception)
        {
            // The last line of defence, as in the loop.
            Log.ConnectionFailed(logger, loop.Id, exception);
            detour.OnFailed();
            loop.Abort(CloseReason.Error);
            // Also where it had been aborted already: nothing is outstanding that would tell.
            detour.Wake();
        }
    }

    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        detour.OnSent(BytesTransferred, SocketError);
        Advance();
    }

    /// <returns>Whether to look again.</returns>
    private bool Take(DetourStep step)
    {
        switch (step)
        {
            case DetourStep.Send:
                return !TrySend();
            case DetourStep.SendFin:
                loop.SendFin();
                return true;
            case DetourStep.Reset:
                loop.Abort(CloseReason.Fault);
                return true;
            case DetourStep.DropSocket:
                loop.Socket?.Dispose();
                return false;
            case DetourStep.Resume:
                loop.Continue();
                return false;
            default:
                var (reason, outcome) = detour.Ending;
                loop.Free(reason, outcome);
                return false;
        }
    }

    /// <returns>False: it has completed already.</returns>
    private bool TrySend()
    {
        try
        {
            if (loop.Socket!.SendAsync(this))
            {
                return true;
            }
        }
        catch (ObjectDisposedException)
        {
            // What the event args say is of the send before.
            detour.OnSent(0, SocketError.OperationAborted);
            return false;
        }

        detour.OnSent(BytesTransferred, SocketError);
        return false;
    }
}
