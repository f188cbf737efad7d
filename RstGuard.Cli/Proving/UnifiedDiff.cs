using System.Text;
using DiffPlex;
using DiffPlex.Model;

namespace RstGuard.Cli.Proving;

/// <summary>Writes the differences between two texts as a unified diff, which people and <c>patch</c> read alike.</summary>
internal static class UnifiedDiff
{
    /// <summary>What stands for the old file of a new one.</summary>
    public const string NoFile = "--- /dev/null";

    private const int Context = 3;

    /// <summary>The diff, empty where the texts are alike.</summary>
    public static string Render(string old, string now, string name, bool isNew)
    {
        string[] before = Lines(old);
        string[] after = Lines(now);
        DiffResult result = new Differ().CreateLineDiffs(string.Join('\n', before), string.Join('\n', after), ignoreWhitespace: false);
        StringBuilder text = new();
        if (result.DiffBlocks.Count == 0)
        {
            return "";
        }

        text.Append(isNew ? NoFile + "\n" : $"--- a/{name}\n").Append($"+++ b/{name}\n");
        int next = 0;
        while (next < result.DiffBlocks.Count)
        {
            // Blocks whose contexts touch make one hunk.
            int last = next;
            while (last + 1 < result.DiffBlocks.Count
                && result.DiffBlocks[last + 1].DeleteStartA - (result.DiffBlocks[last].DeleteStartA + result.DiffBlocks[last].DeleteCountA) <= 2 * Context)
            {
                last++;
            }

            AppendHunk(text, result.DiffBlocks.Skip(next).Take(last - next + 1).ToList(), isNew ? [] : before, after);
            next = last + 1;
        }

        return text.ToString();
    }

    private static void AppendHunk(StringBuilder text, List<DiffBlock> blocks, string[] before, string[] after)
    {
        DiffBlock first = blocks[0];
        DiffBlock final = blocks[^1];
        int start = Math.Max(0, first.DeleteStartA - Context);
        int end = Math.Min(before.Length, final.DeleteStartA + final.DeleteCountA + Context);
        int startAfter = first.InsertStartB - (first.DeleteStartA - start);
        int added = blocks.Sum(block => block.InsertCountB);
        int removed = before.Length == 0 ? 0 : blocks.Sum(block => block.DeleteCountA);
        int length = Math.Max(0, end - start);
        text.Append($"@@ -{(length == 0 ? 0 : start + 1)},{length} +{startAfter + 1},{length - removed + added} @@\n");
        int line = start;
        foreach (DiffBlock block in blocks)
        {
            for (; line < Math.Min(block.DeleteStartA, before.Length); line++)
            {
                text.Append(' ').Append(before[line]).Append('\n');
            }

            for (; line < Math.Min(block.DeleteStartA + block.DeleteCountA, before.Length); line++)
            {
                text.Append('-').Append(before[line]).Append('\n');
            }

            for (int i = 0; i < block.InsertCountB; i++)
            {
                text.Append('+').Append(after[block.InsertStartB + i]).Append('\n');
            }
        }

        for (; line < end; line++)
        {
            text.Append(' ').Append(before[line]).Append('\n');
        }
    }

    private static string[] Lines(string text) => text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
}
