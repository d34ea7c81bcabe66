using EchoService.Transport.Connections;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>Every transition of a connection's close state, without a connection.</summary>
public sealed class CloseStateTests
{
    [Fact]
    public void WhoClosesAWaitingConnectionSendsTheFin()
    {
        var state = new CloseState(ConnectionPhase.Receiving);
        state.TryClose(CloseReason.Drain, out var sendFin).ShouldBeTrue();
        sendFin.ShouldBeTrue();
        (state.Phase, state.Reason, state.Outcome).ShouldBe((ConnectionPhase.Closing, CloseReason.Drain, CloseOutcome.None));
        state.TryBeginEcho().ShouldBeFalse();
        state.TryFinish().ShouldBeFalse();
    }

    [Fact]
    public void WithBytesInHandTheLoopSendsTheFin()
    {
        var state = new CloseState(ConnectionPhase.Receiving);
        state.TryBeginEcho().ShouldBeTrue();
        state.TryClose(CloseReason.Admin, out var sendFin).ShouldBeTrue();
        sendFin.ShouldBeFalse();
        state.Phase.ShouldBe(ConnectionPhase.Finishing);
        state.TryEndEcho().ShouldBeFalse();
        state.TryFinish().ShouldBeTrue();
        (state.Phase, state.Reason).ShouldBe((ConnectionPhase.Closing, CloseReason.Admin));
        state.TryFinish().ShouldBeFalse();
    }

    [Fact]
    public void AnEchoThatNobodyClosedGoesBackToReceiving()
    {
        var state = new CloseState(ConnectionPhase.Receiving);
        state.TryBeginEcho().ShouldBeTrue();
        state.TryEndEcho().ShouldBeTrue();
        state.Phase.ShouldBe(ConnectionPhase.Receiving);
    }

    [Fact]
    public void TheFirstReasonStays()
    {
        var state = new CloseState(ConnectionPhase.Receiving);
        state.TryClose(CloseReason.Drain, out _).ShouldBeTrue();
        state.TryClose(CloseReason.Admin, out _).ShouldBeFalse();
        state.TryAbort(CloseReason.SendTimeout).ShouldBeTrue();
        (state.Reason, state.Outcome).ShouldBe((CloseReason.Drain, CloseOutcome.CutByService));
        state.TryAbort(CloseReason.Admin).ShouldBeFalse();
    }

    [Fact]
    public void WhileTheLoopFinishesNobodyElseClosesOrExpiresIt()
    {
        var state = new CloseState(ConnectionPhase.Receiving);
        state.TryBeginEcho().ShouldBeTrue();
        state.TryClose(CloseReason.Drain, out _).ShouldBeTrue();
        state.TryClose(CloseReason.Admin, out _).ShouldBeFalse();
        // Bytes are in hand: whoever cuts it off now is to say so.
        state.TryExpire(CloseOutcome.InOrder).ShouldBeFalse();
        (state.Phase, state.Reason, state.Outcome).ShouldBe((ConnectionPhase.Finishing, CloseReason.Drain, CloseOutcome.None));
    }

    [Fact]
    public void AForcedDrainTakesTheReasonOver()
    {
        var state = new CloseState(ConnectionPhase.Receiving);
        state.TryClose(CloseReason.Admin, out _);
        state.TryAbort(CloseReason.DrainForced).ShouldBeTrue();
        state.Reason.ShouldBe(CloseReason.DrainForced);
    }

    [Fact]
    public void TheEndOfTheLoopKeepsWhatWasSettledBefore()
    {
        var state = new CloseState(ConnectionPhase.Receiving);
        state.TryAbort(CloseReason.SendTimeout);
        state.TryEnd(CloseReason.ClientFin, CloseOutcome.InOrder).ShouldBeTrue();
        (state.Phase, state.Reason, state.Outcome).ShouldBe((ConnectionPhase.Ended, CloseReason.SendTimeout, CloseOutcome.CutByService));
        state.TryEnd(CloseReason.Error, CloseOutcome.CutByService).ShouldBeFalse();
        state.TryAbort(CloseReason.DrainForced).ShouldBeFalse();
        state.Reason.ShouldBe(CloseReason.SendTimeout);
    }

    [Fact]
    public void WhoAskedAndHowItWentAreTwoFacts()
    {
        var state = new CloseState(ConnectionPhase.Receiving);
        state.TryClose(CloseReason.Drain, out _);
        state.TryEnd(CloseReason.ClientReset, CloseOutcome.CutByClient).ShouldBeTrue();
        (state.Reason, state.Outcome).ShouldBe((CloseReason.Drain, CloseOutcome.CutByClient));
    }

    [Fact]
    public void OnlyAClosingConnectionExpires()
    {
        var state = new CloseState(ConnectionPhase.Receiving);
        state.TryExpire(CloseOutcome.InOrder).ShouldBeFalse();
        state.TryClose(CloseReason.Drain, out _);
        state.TryExpire(CloseOutcome.InOrder).ShouldBeTrue();
        (state.Phase, state.Reason, state.Outcome).ShouldBe((ConnectionPhase.Aborted, CloseReason.Drain, CloseOutcome.InOrder));
        state.TryExpire(CloseOutcome.CutByService).ShouldBeFalse();
    }

    [Fact]
    public void AHeaderThatBecameCompleteIsNotLate()
    {
        var state = new CloseState(ConnectionPhase.ReadingHeader);
        state.TryBeginEcho().ShouldBeFalse();
        state.TryEndHeader().ShouldBeTrue();
        state.TryCloseReadingHeader().ShouldBeFalse();

        var late = new CloseState(ConnectionPhase.ReadingHeader);
        late.TryCloseReadingHeader().ShouldBeTrue();
        late.TryEndHeader().ShouldBeFalse();
        (late.Phase, late.Reason).ShouldBe((ConnectionPhase.Closing, CloseReason.ProxyHeader));
    }
}
