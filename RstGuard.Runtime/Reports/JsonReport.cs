using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using RstGuard.CallSites;
using RstGuard.Diagnosis;

namespace RstGuard.Reports;

/// <summary>A report as JSON; docs/json.md has the schemas, and a test holds the two together.</summary>
internal static class JsonReport
{
    /// <summary>Letters of other alphabets stay readable; control characters, those that hide or turn the direction of text, and those of HTML are escaped.</summary>
    internal static JavaScriptEncoder ReadableLetters { get; } = CreateEncoder();

    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = ReadableLetters };

    /// <summary>The report as one object.</summary>
    public static void Write(ResetReport report, TextWriter output) => Write(output, json =>
    {
        json.WriteStartObject();
        json.WriteString("subject", report.Subject);
        json.WriteBoolean("complete", report.Gaps.Count == 0);
        WriteTexts(json, "gaps", report.Gaps);
        WriteTexts(json, "notes", report.Notes);
        json.WriteStartArray("resets");
        foreach (GuardedReset reset in report.Resets)
        {
            json.WriteStartObject();
            WriteWire(json, reset);
            WriteCode(json, reset);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    /// <summary>The resets alone, as an array of what the wire tells of each.</summary>
    public static void WriteResets(IEnumerable<GuardedReset> resets, TextWriter output) => Write(output, json =>
    {
        json.WriteStartArray();
        foreach (GuardedReset reset in resets)
        {
            json.WriteStartObject();
            WriteWire(json, reset);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    /// <summary>What the wire tells of one reset, as one line.</summary>
    public static string Line(GuardedReset reset)
    {
        ArrayBufferWriter<byte> buffer = new(1024);
        using (Utf8JsonWriter json = new(buffer, Options with { Indented = false }))
        {
            json.WriteStartObject();
            WriteWire(json, reset);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(TextWriter output, Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new(4096);
        using (Utf8JsonWriter json = new(buffer, Options))
        {
            write(json);
        }

        output.Write(Encoding.UTF8.GetString(buffer.WrittenSpan).ReplaceLineEndings("\n"));
        output.Write('\n');
    }

    private static void WriteWire(Utf8JsonWriter json, GuardedReset reset)
    {
        ResetVerdict verdict = reset.Verdict;
        json.WriteNumber("frame", verdict.Frame);
        json.WriteString("time", TextReport.Time(verdict.Time));
        json.WriteString("from", verdict.Sender.ToString());
        json.WriteString("to", verdict.Receiver.ToString());
        json.WriteString("cause", reset.Cause?.ToString());
        json.WriteString("confidence", reset.Confidence.ToString());
        WriteTexts(json, "candidates", reset.Candidates.Select(cause => cause.ToString()));
        json.WriteStartArray("evidence");
        foreach (Evidence evidence in verdict.Evidence)
        {
            json.WriteStartObject();
            json.WriteString("fact", evidence.Fact);
            json.WriteBoolean("supports", evidence.Supports);
            json.WriteString("cause", evidence.Cause?.ToString());
            json.WriteString("text", evidence.Text);
            json.WriteStartArray("frames");
            foreach (long frame in evidence.Frames)
            {
                json.WriteNumberValue(frame);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("declared", verdict.Evidence.FirstOrDefault(evidence => evidence is { Supports: true, Cause: ResetCause.DeclaredByPeer or ResetCause.Mptcp })?.Text);
        json.WriteString("kernelReason", verdict.Kernel?.Reason);
    }

    private static void WriteCode(Utf8JsonWriter json, GuardedReset reset)
    {
        json.WriteString("basis", reset.Basis.ToString());
        json.WriteBoolean("followsEarlierReset", reset.Verdict.FollowsEarlierReset);
        WriteNullable("sentByThisProcess", reset.SentByThisProcess);
        json.WriteString("origin", reset.Origin?.ToString());
        json.WritePropertyName("site");
        WriteSite(json, reset.Site);
        if (reset.UnreadBytes is { } unread)
        {
            json.WriteNumber("unreadBytes", unread);
        }
        else
        {
            json.WriteNull("unreadBytes");
        }

        json.WriteNumber("unacknowledgedBytes", reset.UnacknowledgedBytes);
        WriteTexts(json, "rules", reset.Rules);

        void WriteNullable(string name, bool? value)
        {
            if (value is { } known)
            {
                json.WriteBoolean(name, known);
            }
            else
            {
                json.WriteNull(name);
            }
        }
    }

    private static void WriteSite(Utf8JsonWriter json, CloseSite? site)
    {
        if (site is null)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        json.WriteString("kind", site.Kind.ToString());
        json.WriteString("method", site.Method);
        json.WriteStartArray("lines");
        foreach (SourceLine line in site.Line is { } one ? [one] : site.Candidates)
        {
            json.WriteStartObject();
            json.WriteString("file", line.File);
            json.WriteNumber("line", line.Line);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (site.ScopeEndLine is { } end)
        {
            json.WriteNumber("scopeEndLine", end);
        }
        else
        {
            json.WriteNull("scopeEndLine");
        }

        json.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    private static JavaScriptEncoder CreateEncoder()
    {
        TextEncoderSettings settings = new(UnicodeRanges.All);
        for (int c = 0; c <= char.MaxValue; c++)
        {
            if (CharUnicodeInfo.GetUnicodeCategory((char)c) is UnicodeCategory.Format)
            {
                settings.ForbidCharacter((char)c);
            }
        }

        return JavaScriptEncoder.Create(settings);
    }
}
