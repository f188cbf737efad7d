using System.Net;
using FsCheck;
using FsCheck.Fluent;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Tcp;
using RstGuard.Tests.Diagnosis;

namespace RstGuard.Tests.Tcp;

/// <summary>What following connections must make of any capture: how the bytes were cut into segments, what else was captured, and in which order.</summary>
public sealed class TrackingPropertyTests
{
    private static readonly Gen<(Conversation Conversation, bool[] Mask)> Masked =
        from conversation in Conversations.Generator
        from mask in Gen.Elements(false, true).ArrayOf(64)
        select (conversation, mask);

    [Fact]
    public void OtherSegmentBoundaries_ChangeNothing() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300),
        Prop.ForAll(Masked.ToArbitrary(), one =>
        {
            (Conversation conversation, bool[] mask) = one;

            // What a reset answers stays as it is: with a boundary elsewhere, another segment would be answered.
            int reset = conversation.Segments.Index().First(segment => segment.Item.IsReset).Index;
            int kept = conversation.Segments.Take(reset).Index().LastOrDefault(segment => segment.Item.Payload.Length > 0).Index;
            List<WireSegment> cut = [];
            foreach ((int index, WireSegment segment) in conversation.Segments.Index())
            {
                int half = segment.Payload.Length / 2;
                if (half > 1 && index < kept && mask[index % mask.Length])
                {
                    cut.Add(segment with { Payload = segment.Payload[..half] });
                    cut.Add(segment with { Payload = segment.Payload[half..], SequenceNumber = unchecked(segment.SequenceNumber + (uint)half), Time = segment.Time + 1_000 });
                }
                else
                {
                    cut.Add(segment);
                }
            }

            return Record(cut).Resets.Select(Judgement).SequenceEqual(Record(conversation.Segments).Resets.Select(Judgement));
        }));

    // Two processors' segments may change places (each end's own stay in order).
    [Fact]
    public void ReorderedWithinAMillisecond_MakesNoOtherCauseStrong() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(500),
        Prop.ForAll(Masked.ToArbitrary(), one =>
        {
            (Conversation conversation, bool[] mask) = one;
            List<WireSegment> segments = [.. conversation.Segments];
            for (int at = 1; at < segments.Count; at++)
            {
                if (mask[at % mask.Length] && !segments[at].Source.Equals(segments[at - 1].Source) && segments[at].Time - segments[at - 1].Time < 1_000_000)
                {
                    (segments[at - 1], segments[at]) = (segments[at] with { Time = segments[at - 1].Time }, segments[at - 1] with { Time = segments[at].Time });
                    at++;
                }
            }

            return Record(segments).Resets.All(verdict => verdict.Confidence < Confidence.Strong || verdict.Cause == conversation.Cause);
        }));

    [Fact]
    public void PacketsCutBehindAnyByte_MakeNoOtherCauseLikely() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(500),
        Prop.ForAll(
            (from conversation in Conversations.Generator
             from options in Gen.Elements(0, 12)
             from length in Gen.Choose(40, 100)
             select (Conversation: conversation, Options: options, Length: length)).ToArbitrary(),
            one =>
            {
                // Options are what a short capture cuts: each segment is given some.
                IEnumerable<WireSegment> segments = one.Conversation.Segments.Select(segment => segment.Options.Length > 0 ? segment : segment with { Options = [.. Enumerable.Repeat((byte)1, one.Options)] });
                Dictionary<DateTimeOffset, ResetVerdict> whole = Record(segments).Resets.ToDictionary(verdict => verdict.Time);
                ResetRecording cut = Record(segments.Select(segment => segment.ToPacket()).Select(packet => packet with
                {
                    Data = packet.Data[..Math.Min(packet.Data.Length, Math.Max(one.Length, packet.Data.Span[0] >> 4 == 4 ? 40 : 60))],
                    WireLength = packet.Data.Length,
                }));
                return cut.Resets.Count == whole.Count
                    && cut.Resets.All(verdict => verdict.Confidence <= whole[verdict.Time].Confidence && (verdict.Cause is null || verdict.Cause == whole[verdict.Time].Cause));
            }));

    [Fact]
    public void EachReset_IsObservedOnce_WhateverStandsBetween() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300),
        Prop.ForAll(
            (from conversations in Conversations.Generator.ArrayOf(5)
             from mask in Gen.Elements(false, false, true).ArrayOf(64)
             from damage in Gen.Choose(0, 90)
             select (Conversations: conversations, Mask: mask, Damage: damage)).ToArbitrary(),
            one =>
            {
                RecordedPacket[] packets = [.. Mixed(one.Conversations).SelectMany((segment, index) => one.Mask[index % 64] ? new[] { segment.ToPacket(), segment.ToPacket() } : [segment.ToPacket()])];
                for (int at = one.Damage; at < packets.Length; at += 7)
                {
                    byte[] data = packets[at].Data.ToArray();
                    data[one.Damage % data.Length] ^= 0x40;
                    packets[at] = packets[at] with { Data = data };
                }

                long[] resets = [.. packets.Index().Where(packet => IsReset(packet.Item)).Select(packet => packet.Index + 1L)];
                return Record(packets).Resets.Select(verdict => verdict.Frame).SequenceEqual(resets);
            }));

    [Fact]
    public void Evidence_HoldsFromTheFramesOfItsConnectionAlone() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300),
        Prop.ForAll(Conversations.Generator.ArrayOf(4).ToArbitrary(), conversations =>
        {
            WireSegment[] mixed = [.. Mixed(conversations)];
            foreach (IGrouping<IPEndPoint, ResetVerdict> of in Record(mixed).Resets.GroupBy(verdict => verdict.Sender.Port == 80 ? verdict.Receiver : verdict.Sender))
            {
                (long Frame, WireSegment Segment)[] own = [.. mixed.Index().Where(segment => segment.Item.Source.Equals(of.Key) || segment.Item.Destination.Equals(of.Key)).Select(segment => (segment.Index + 1L, segment.Item))];
                ResetVerdict[] alone = [.. Record(own.Select(frame => frame.Segment)).Resets];
                bool same = of.Zip(alone).All(pair => Judgement(pair.First) == Judgement(pair.Second)
                    && pair.First.Evidence.Count == pair.Second.Evidence.Count
                    && pair.First.Evidence.Zip(pair.Second.Evidence).All(facts => facts.First.Fact == facts.Second.Fact && facts.First.Text == facts.Second.Text
                        && facts.First.Frames.SequenceEqual(facts.Second.Frames.Select(frame => own[(int)frame - 1].Frame))));
                if (!same || of.Count() != alone.Length)
                {
                    return false;
                }
            }

            return true;
        }));

    // Each with a client and a server of its own, in the order of time.
    private static IEnumerable<WireSegment> Mixed(IEnumerable<Conversation> conversations) => conversations.SelectMany((conversation, index) =>
    {
        bool version6 = conversation.Client.Address.GetAddressBytes().Length == 16;
        IPEndPoint client = IPEndPoint.Parse(version6 ? $"[fd01::{index + 1}]:{5000 + index}" : $"10.1.0.{index + 1}:{5000 + index}");
        IPEndPoint server = IPEndPoint.Parse(version6 ? $"[fd02::{index + 1}]:80" : $"10.2.0.{index + 1}:80");
        return conversation.Segments.Select(segment => segment.Source.Equals(conversation.Client)
            ? segment with { Source = client, Destination = server, Time = segment.Time + index }
            : segment with { Source = server, Destination = client, Time = segment.Time + index });
    }).OrderBy(segment => segment.Time);

    private static bool IsReset(RecordedPacket packet) =>
        TcpSegment.TryParse(new CapturedPacket(packet.Data.Span, packet.Data.Length, packet.TimestampNanoseconds, packet.LinkType, 0, 1), out TcpSegment segment) && segment.IsReset;

    private static string Judgement(ResetVerdict verdict) =>
        $"{verdict.Confidence} {verdict.Shape} {string.Join(" ", verdict.Candidates)} {verdict.BytesFromSender} {verdict.BytesFromReceiver} {verdict.FollowsEarlierReset}";

    private static ResetRecording Record(IEnumerable<WireSegment> segments) => Record(segments.Select(segment => segment.ToPacket()));

    private static ResetRecording Record(IEnumerable<RecordedPacket> packets) =>
        ResetRecorder.Start(new RecordedPackets(packets)).StopAsync().GetAwaiter().GetResult();
}
