using System.Net;
using FsCheck;
using FsCheck.Fluent;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Scenarios;
using RstGuard.Tcp;

namespace RstGuard.Tests.Diagnosis;

/// <summary>What must not change a verdict, over generated conversations and over scenarios recorded from the wire.</summary>
public sealed class ClassifierPropertyTests
{
    private static readonly Lazy<Task<IReadOnlyList<Conversation>>> WireConversations = new(RecordAsync);

    private static readonly Gen<IPEndPoint> EndPoint =
        from version6 in Gen.Elements(false, true)
        from bytes in Gen.Choose(1, 254).ListOf(16)
        from port in Gen.Choose(1, 65535)
        select new IPEndPoint(new IPAddress(bytes.Select(value => (byte)value).Take(version6 ? 16 : 4).ToArray()), port);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task ShiftedSequenceNumbers_ChangeNothing(bool fromWire) => HoldsAsync(
        fromWire,
        from client in Gen.Choose(int.MinValue, int.MaxValue) from server in Gen.Choose(int.MinValue, int.MaxValue) select (Client: unchecked((uint)client), Server: unchecked((uint)server)),
        (conversation, shift) => SameVerdicts(conversation, conversation.Segments.Select(segment => Shift(conversation, segment, shift.Client, shift.Server))));

    // A SYN has no acknowledgment number: the 0 in its place must not be taken for one that acknowledges the FIN.
    [Theory]
    [InlineData(1u)]
    [InlineData(0x4000_0000u)]
    [InlineData(0x8000_0001u)]
    [InlineData(0xc000_0000u)]
    public void FinThatNothingAcknowledged_LeavesTheLateAckAmongTheCandidates_WhateverTheNumbers(uint start)
    {
        IPEndPoint client = new(IPAddress.Loopback, 38513), server = new(IPAddress.Loopback, 10042);
        const TcpFlags Fin = TcpFlags.Fin | TcpFlags.Ack;
        uint next = unchecked(start + 1);
        WireSegment[] segments =
        [
            new(client, server, TcpFlags.Syn, 1000, 0) { Time = 0 },
            new(server, client, TcpFlags.Syn | TcpFlags.Ack, start, 1001) { Time = 10_000 },
            new(client, server, TcpFlags.Ack, 1001, next) { Time = 20_000 },
            new(server, client, Fin, next, 1001) { Time = 500_000_000 },
            new(server, client, Fin, next, 1001) { Time = 700_000_000 },
            new(server, client, Fin, next, 1001) { Time = 1_100_000_000 },
            new(client, server, TcpFlags.Push | TcpFlags.Ack, 1001, next) { Time = 1_600_000_000, Payload = new byte[100] },
            new(server, client, TcpFlags.Reset, next, 0) { Time = 1_600_100_000, Window = 0 },
        ];
        ResetVerdict verdict = Assert.Single(Record(segments).Resets);
        Assert.Equal([ResetCause.DataAfterClose, ResetCause.LateAckAfterTimeout, ResetCause.FilteredReject], verdict.Candidates);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task SequenceNumbersThatWrap_ChangeNothing(bool fromWire) => HoldsAsync(
        fromWire,
        from client in Gen.Choose(-5000, 5) from server in Gen.Choose(-5000, 5) select (Client: client, Server: server),
        (conversation, start) =>
        {
            uint client = unchecked((uint)start.Client - conversation.Segments[0].SequenceNumber);
            uint server = unchecked((uint)start.Server - (conversation.Segments.FirstOrDefault(segment => segment.Source.Equals(conversation.Server) && segment.Flags.HasFlag(TcpFlags.Syn))?.SequenceNumber ?? 0));
            return SameVerdicts(conversation, conversation.Segments.Select(segment => Shift(conversation, segment, client, server)));
        });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task OtherAddressesAndPorts_ChangeNothing(bool fromWire) => HoldsAsync(
        fromWire,
        from client in EndPoint from server in EndPoint where !client.Equals(server) select (Client: client, Server: server),
        (conversation, ends) => SameVerdicts(conversation, conversation.Segments.Select(segment => Rename(conversation, segment, ends.Client, ends.Server))));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task SwappedEnds_ChangeNothing(bool fromWire) => HoldsAsync(
        fromWire,
        Gen.Constant(0),
        (conversation, _) => SameVerdicts(conversation, conversation.Segments.Select(segment => Rename(conversation, segment, conversation.Server, conversation.Client))));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task ShiftedTime_ChangesNothing(bool fromWire) => HoldsAsync(
        fromWire,
        Gen.Choose(-1_600_000_000, int.MaxValue),
        (conversation, seconds) => SameVerdicts(conversation, conversation.Segments.Select(segment => segment with { Time = segment.Time + (seconds * 1_000_000_000L) })));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task InterleavedWithOtherConnections_ChangesNothing(bool fromWire) => HoldsAsync(
        fromWire,
        Conversations.Generator.ListOf(3),
        (conversation, others) =>
        {
            IEnumerable<WireSegment> foreign = others.SelectMany((other, index) => other.Segments.Select((segment, at) =>
                Rename(other, segment, IPEndPoint.Parse($"10.0.{index}.1:{5000 + index}"), IPEndPoint.Parse($"10.0.{index}.2:80")) with
                {
                    Time = conversation.Segments[Math.Min(at, conversation.Segments.Count - 1)].Time + 1 + index,
                }));
            IEnumerable<WireSegment> mixed = conversation.Segments.Concat(foreign).OrderBy(segment => segment.Time);
            ResetRecording recording = Record(mixed);
            return Verdicts(Record(conversation.Segments)).SequenceEqual(
                Verdicts(recording, verdict => !verdict.Sender.Address.ToString().StartsWith("10.0.", StringComparison.Ordinal)));
        });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task DuplicatedPackets_ChangeNothing(bool fromWire) => HoldsAsync(
        fromWire,
        Gen.Elements(false, true).ListOf(64),
        (conversation, doubled) =>
        {
            bool[] mask = [.. doubled];
            IEnumerable<WireSegment> segments = conversation.Segments.SelectMany((segment, index) => mask[index % mask.Length] ? new[] { segment, segment with { Time = segment.Time + 1 } } : [segment]);
            ResetVerdict[] roots = Roots(Record(segments));
            return Roots(Record(conversation.Segments)).Select(Judgement).SequenceEqual(roots.Select(Judgement));
        });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task DeletedPackets_NeverMakeAnotherCauseLikely(bool fromWire) => HoldsAsync(
        fromWire,
        Gen.Elements(true, false).ListOf(64),
        // A pure acknowledgment leaves no trace, nor does a FIN that nothing acknowledged: then only the source's own count can
        // tell, as below.
        (conversation, deleted) => OnlyWeaker(conversation, [.. conversation.Segments.Where((segment, index) => !(segment.TakesSequenceSpace && deleted[index % 64]))], dropped: 0));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task DroppedPackets_NeverMakeAnotherCauseLikely(bool fromWire) => HoldsAsync(
        fromWire,
        Gen.Elements(true, false).ListOf(64),
        (conversation, deleted) => OnlyWeaker(conversation, [.. conversation.Segments.Where((segment, index) => segment.IsReset || !deleted[index % 64])], dropped: 1));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task LightCapture_NeverMakesAnotherCauseLikely_NorAnySure(bool fromWire) => HoldsAsync(
        fromWire,
        Gen.Constant(0),
        (conversation, _) =>
        {
            ResetRecording light = Record(conversation.Segments.Where(IsInLightCapture).Select(segment => segment.ToPacket()), detail: CaptureDetail.Light);
            return OnlyWeaker(conversation, light, dropped: 0) && light.Resets.All(verdict => verdict.Confidence <= Confidence.Likely && verdict.MissingEvidence.Any(text => text.Contains("left out segments with data", StringComparison.Ordinal)))
                && Roots(light)[0].Candidates.Contains(conversation.Cause);
        });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task CaptureBegunLate_NeverMakesAnotherCauseLikely(bool fromWire) => HoldsAsync(
        fromWire,
        Gen.Choose(1, 40),
        (conversation, begun) => OnlyWeaker(conversation, [.. conversation.Segments.Skip(Math.Min(begun, conversation.Segments.Count - 1))], dropped: 0));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task DataInSmallerSegments_ChangesNoRoot(bool fromWire) => HoldsAsync(
        fromWire,
        Gen.Choose(1, 200),
        (conversation, at) =>
        {
            // The flight recorder keeps a number of segments, so that only what comes before it may be cut.
            int kept = Math.Max(0, conversation.Segments.Count - 8);
            IEnumerable<WireSegment> cut = conversation.Segments.SelectMany((segment, index) => index >= kept || segment.Payload.Length <= at || segment.CutPayload > 0 || (segment.Flags & (TcpFlags.Syn | TcpFlags.Fin)) != 0
                ? [segment]
                : new[]
                {
                    segment with { Payload = segment.Payload[..at] },
                    segment with { Payload = segment.Payload[at..], SequenceNumber = unchecked(segment.SequenceNumber + (uint)at), Time = segment.Time + 1 },
                });
            return Roots(Record(conversation.Segments)).Select(verdict => verdict.Cause).SequenceEqual(Roots(Record(cut)).Select(verdict => verdict.Cause));
        });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task CutPackets_NeverMakeAnotherCauseLikely(bool fromWire) => HoldsAsync(
        fromWire,
        Gen.Choose(0, 40),
        (conversation, kept) => OnlyWeaker(
            conversation,
            Record(conversation.Segments.Select(segment =>
            {
                RecordedPacket packet = segment.ToPacket();
                int headers = (segment.Source.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 20 : 40) + 20;
                return packet with { Data = packet.Data[..Math.Min(packet.Data.Length, headers + kept)] };
            })),
            dropped: 0));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task NeighboursThatChangePlaces_NeverMakeAnotherCauseLikely(bool fromWire) => HoldsAsync(
        fromWire,
        Gen.Choose(0, 200),
        (conversation, at) =>
        {
            // Captures on several processors show packets of the same moment in another order. A reset keeps its place: before its trigger it is another story.
            List<WireSegment> segments = [.. conversation.Segments];
            int first = at % Math.Max(1, segments.Count - 1);
            if (first + 1 < segments.Count && !segments[first].IsReset && !segments[first + 1].IsReset && segments[first + 1].Time - segments[first].Time < 1_000_000)
            {
                (segments[first], segments[first + 1]) = (segments[first + 1] with { Time = segments[first].Time }, segments[first] with { Time = segments[first + 1].Time });
            }

            return OnlyWeaker(conversation, segments, dropped: 0);
        });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task EachReset_HasOneVerdict_WithFramesThatExist(bool fromWire) => HoldsAsync(
        fromWire,
        Gen.Constant(0),
        (conversation, _) =>
        {
            IReadOnlyList<ResetVerdict> verdicts = Record(conversation.Segments).Resets;
            return verdicts.Select(verdict => verdict.Frame).SequenceEqual(Enumerable.Range(1, conversation.Segments.Count).Where(frame => conversation.Segments[frame - 1].IsReset).Select(frame => (long)frame))
                && verdicts.All(verdict => verdict.Evidence.Count > 0
                    && verdict.Evidence.All(evidence => evidence.Frames.Count > 0 && evidence.Frames.All(frame => frame >= 1 && frame <= conversation.Segments.Count))
                    && (verdict.Trigger is not { } trigger || Matches(conversation.Segments[(int)trigger.Frame - 1], trigger)));
        });

    private static bool Matches(WireSegment segment, SegmentSummary trigger) =>
        segment.Source.Equals(trigger.Source) && (segment.Flags, segment.SequenceNumber, segment.PayloadLength) == (trigger.Flags, trigger.SequenceNumber, trigger.PayloadLength);

    [Fact]
    public Task TrueCause_IsAmongTheCandidates_AndNeverAnotherLikely() => HoldsAsync(
        false,
        Gen.Constant(0),
        (conversation, _) =>
        {
            ResetVerdict first = Record(conversation.Segments).Resets[0];
            return first.Candidates.Contains(conversation.Cause) && (first.Cause is null || first.Cause == conversation.Cause);
        });

    [Fact]
    public void AnyBytes_GiveARecording() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300),
        Prop.ForAll<byte[][]>(packets => Record(packets.Where(bytes => bytes is not null).Select((bytes, index) => new RecordedPacket(bytes, index, index % 2 == 0 ? LinkType.Raw : LinkType.Ethernet))).Statistics.Received >= 0));

    [Fact]
    public Task DamagedPackets_GiveARecording() => HoldsAsync(
        false,
        (from at in Gen.Choose(0, 79) from value in Gen.Choose(0, 255) from cut in Gen.Choose(0, 90) select (At: at, Value: (byte)value, Cut: cut)).ListOf(40),
        (conversation, damages) =>
        {
            ResetRecording recording = Record(conversation.Segments.Select((segment, index) =>
            {
                RecordedPacket packet = segment.ToPacket();
                (int at, byte value, int cut) = damages[index % 40];
                byte[] data = packet.Data.ToArray();
                data[at % data.Length] = value;
                return packet with { Data = data[..Math.Max(0, data.Length - Math.Max(0, cut - 60))], WireLength = data.Length };
            }));
            return recording.Resets.All(verdict => verdict.Candidates.Count > 0);
        });

    private static async Task HoldsAsync<T>(bool fromWire, Gen<T> change, Func<Conversation, T, bool> property)
    {
        if (!fromWire)
        {
            var cases = from conversation in Conversations.Generator from value in change select (Conversation: conversation, Change: value);
            Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(cases.ToArbitrary(), pair => property(pair.Conversation, pair.Change)));
            return;
        }

        foreach (Conversation conversation in await WireConversations.Value)
        {
            Check.One(
                Config.QuickThrowOnFailure.WithMaxTest(1).WithQuietOnSuccess(true),
                Prop.ForAll((from value in change select (Conversation: conversation, Change: value)).ToArbitrary(), pair => property(pair.Conversation, pair.Change)));
        }
    }

    private static bool SameVerdicts(Conversation conversation, IEnumerable<WireSegment> changed) =>
        Verdicts(Record(conversation.Segments)).SequenceEqual(Verdicts(Record(changed)));

    private static bool OnlyWeaker(Conversation conversation, IReadOnlyList<WireSegment> left, long dropped) =>
        OnlyWeaker(conversation, Record(left, dropped), dropped);

    private static bool OnlyWeaker(Conversation conversation, ResetRecording after, long dropped)
    {
        if (dropped == 0 && conversation.Cause == ResetCause.BadSynInSynRecv)
        {
            // Without its first SYN this is a refused connect like any other.
            return true;
        }

        ResetRecording whole = Record(conversation.Segments);
        Dictionary<DateTimeOffset, ResetVerdict> before = whole.Resets.ToDictionary(verdict => verdict.Time);
        DateTimeOffset first = Roots(whole)[0].Time;
        return (dropped == 0 || !after.IsComplete) && after.Resets.All(verdict =>
        {
            ResetVerdict known = before[verdict.Time];
            return verdict.Confidence <= known.Confidence
                && (verdict.Cause is null || verdict.Cause == known.Cause)
                && (dropped == 0 || verdict.Time != first || verdict.Candidates.Contains(conversation.Cause) || verdict.Candidates.Contains(ResetCause.Unknown));
        });
    }

    private static bool IsInLightCapture(WireSegment segment) =>
        segment.PayloadLength <= 1 || segment.Window == 0 || (segment.Flags & (TcpFlags.Syn | TcpFlags.Fin | TcpFlags.Reset)) != 0;

    private static ResetVerdict[] Roots(ResetRecording recording) => [.. recording.Resets.Where(verdict => !verdict.FollowsEarlierReset)];

    private static string Judgement(ResetVerdict verdict) =>
        $"{verdict.Confidence} {verdict.Shape} {string.Join(" ", verdict.Candidates)} {verdict.BytesFromSender} {verdict.BytesFromReceiver}";

    private static IEnumerable<string> Verdicts(ResetRecording recording, Func<ResetVerdict, bool>? where = null) =>
        recording.Resets.Where(where ?? (_ => true)).Select(verdict =>
            $"{Judgement(verdict)} {verdict.FollowsEarlierReset} {string.Join(" ", verdict.Evidence.Select(evidence => evidence.Fact))} {verdict.Trigger?.PayloadLength}");

    private static WireSegment Shift(Conversation conversation, WireSegment segment, uint client, uint server)
    {
        (uint own, uint other) = segment.Source.Equals(conversation.Server) ? (server, client) : (client, server);
        bool answersSyn = segment.IsReset && segment.Flags.HasFlag(TcpFlags.Ack) && segment.SequenceNumber == 0 && segment.Window == 0;
        return segment with
        {
            SequenceNumber = answersSyn ? 0 : unchecked(segment.SequenceNumber + own),
            AcknowledgmentNumber = segment.Flags.HasFlag(TcpFlags.Ack) ? unchecked(segment.AcknowledgmentNumber + other) : 0,
        };
    }

    private static WireSegment Rename(Conversation conversation, WireSegment segment, IPEndPoint client, IPEndPoint server)
    {
        // Both sides have one IP version; further clients have the ports behind the first one's.
        server = client.AddressFamily == server.AddressFamily ? server : new IPEndPoint(client.Address, server.Port == client.Port ? (client.Port % 65535) + 1 : server.Port);
        Dictionary<IPEndPoint, IPEndPoint> names = new() { [conversation.Server] = server };
        IPEndPoint next = client;
        foreach (IPEndPoint other in conversation.Segments.Select(known => known.Source.Equals(conversation.Server) ? known.Destination : known.Source).Distinct())
        {
            while (next.Equals(server))
            {
                next = new IPEndPoint(next.Address, (next.Port % 65535) + 1);
            }

            names.Add(other, next);
            next = new IPEndPoint(next.Address, (next.Port % 65535) + 1);
        }

        return segment with { Source = names[segment.Source], Destination = names[segment.Destination] };
    }

    private static ResetRecording Record(IEnumerable<WireSegment> segments, long dropped = 0) => Record(segments.Select(segment => segment.ToPacket()), dropped);

    private static ResetRecording Record(IEnumerable<RecordedPacket> packets, long dropped = 0, CaptureDetail detail = CaptureDetail.Packets) =>
        ResetRecorder.Start(new RecordedPackets(packets, dropped, detail)).StopAsync().GetAwaiter().GetResult();

    // Every scenario, each end, both versions. A property moves the numbers and names of the two sides, so one end takes part in each segment;
    // and captures of thousands of segments would say no more.
    private static async Task<IReadOnlyList<Conversation>> RecordAsync()
    {
        List<Conversation> conversations = [];
        foreach ((ResetScenario scenario, ResettingEnd end, bool version6) in RecordedScenarios.All())
        {
            if (scenario.Cause is not { } cause || scenario.Missing(new ScenarioOptions { Version6 = version6 }).Count > 0)
            {
                continue;
            }

            Conversation conversation = Conversation.From(cause, (await RecordedScenarios.GetAsync(scenario, end, version6)).Packets);
            if (conversation.Segments.Count <= 1000 && conversation.Segments.All(segment => segment.Source.Equals(conversation.Server) || segment.Destination.Equals(conversation.Server)))
            {
                conversations.Add(conversation with { Name = $"{scenario.Name}, {end}, {(version6 ? "IPv6" : "IPv4")}" });
            }
        }

        return conversations;
    }
}
