using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST2012ReaderClosesConnectionFixTests
{
    private static readonly Verify Rule = Verify.Rule("RST2012");

    private static string Method(string creation) =>
        $"class C {{ void M(TcpClient c, bool flag) {{ var s = c.GetStream(); using (var r = {creation}) {{ r.ToString(); }} {{|#0:s.WriteByte(1)|}}; }} }}";

    private static string Plain(string source) => source.Replace("{|#0:", "", StringComparison.Ordinal).Replace("|}", "", StringComparison.Ordinal);

    [Theory]
    [InlineData("[|new StreamReader(s)|]", "new StreamReader(s, leaveOpen: true)")]
    [InlineData("[|new StreamReader(s, Encoding.UTF8)|]", "new StreamReader(s, Encoding.UTF8, leaveOpen: true)")]
    [InlineData("[|new StreamReader(s, Encoding.UTF8, false, 100)|]", "new StreamReader(s, Encoding.UTF8, false, 100, leaveOpen: true)")]
    [InlineData("[|new StreamReader(stream: s, encoding: Encoding.UTF8)|]", "new StreamReader(stream: s, encoding: Encoding.UTF8, leaveOpen: true)")]
    [InlineData("[|new StreamReader(s, Encoding.UTF8, leaveOpen: false)|]", "new StreamReader(s, Encoding.UTF8, leaveOpen: true)")]
    [InlineData("[|new StreamWriter(s)|]", "new StreamWriter(s, leaveOpen: true)")]
    [InlineData("[|new StreamWriter(s) { AutoFlush = true }|]", "new StreamWriter(s, leaveOpen: true) { AutoFlush = true }")]
    [InlineData("[|new BinaryReader(s)|]", "new BinaryReader(s, Encoding.UTF8, leaveOpen: true)")]
    [InlineData("[|new BinaryReader(input: s)|]", "new BinaryReader(input: s, encoding: Encoding.UTF8, leaveOpen: true)")]
    [InlineData("[|new BinaryWriter(s)|]", "new BinaryWriter(s, new UTF8Encoding(false, true), leaveOpen: true)")]
    [InlineData("[|new BinaryWriter(s, Encoding.ASCII)|]", "new BinaryWriter(s, Encoding.ASCII, leaveOpen: true)")]
    [InlineData("[|new System.IO.Compression.DeflateStream(s, System.IO.Compression.CompressionMode.Compress /* all */)|]", "new System.IO.Compression.DeflateStream(s, System.IO.Compression.CompressionMode.Compress, leaveOpen: true /* all */)")]
    public Task Stream_IsLeftOpen(string before, string after) => Rule.FixesAsync(Method(before), Plain(Method(after)));

    [Fact]
    public Task TargetTypedNew_IsFixed() => Rule.FixesAsync(
        "class C { void M(NetworkStream s) { using (StreamWriter w = [|new(s)|]) { w.WriteLine(1); } {|#0:s.ReadByte()|}; } }",
        "class C { void M(NetworkStream s) { using (StreamWriter w = new(s, leaveOpen: true)) { w.WriteLine(1); } s.ReadByte(); } }");

    [Fact]
    public Task WithoutUsingSystemText_TheNameIsWrittenInFull() => (Rule with { Usings = "using System.IO; using System.Net.Sockets;\n" }).FixesAsync(
        "class C { void M(NetworkStream s) { using (var r = [|new BinaryReader(s)|]) { r.ReadByte(); } {|#0:s.WriteByte(1)|}; } }",
        "class C { void M(NetworkStream s) { using (var r = new BinaryReader(s, System.Text.Encoding.UTF8, leaveOpen: true)) { r.ReadByte(); } s.WriteByte(1); } }");

    [Fact]
    public Task Two_AreBothFixed() => Rule.FixesAsync(
        """
        class C
        {
            void M(TcpClient c)
            {
                var s = c.GetStream();
                using (var w = [|new StreamWriter(s)|])
                {
                    w.WriteLine("a");
                }

                using (var w = [|{|#0:new StreamWriter(s)|}|])
                {
                    w.WriteLine("b");
                }

                {|#1:s.ReadByte()|};
                c.Close();
            }
        }
        """,
        """
        class C
        {
            void M(TcpClient c)
            {
                var s = c.GetStream();
                using (var w = new StreamWriter(s, leaveOpen: true))
                {
                    w.WriteLine("a");
                }

                using (var w = new StreamWriter(s, leaveOpen: true))
                {
                    w.WriteLine("b");
                }

                s.ReadByte();
                c.Close();
            }
        }
        """);

    /// <summary>A reader takes more than it gives; who reads next would miss it.</summary>
    [Theory]
    [InlineData("void M(NetworkStream s) { using (var r = [|new StreamReader(s)|]) { r.ReadLine(); } {|#0:s.ReadByte()|}; }")]
    [InlineData("void M(NetworkStream s, bool more) { while (more) { using var r = [|{|#0:new StreamReader(s)|}|]; r.ReadLine(); } }")]
    public Task WhereTheReaderReadAhead_NothingIsOffered(string member) => Rule.OffersNoFixAsync($$"""class C { {{member}} }""");

    /// <summary>Left open, nothing would close it.</summary>
    [Fact]
    public Task WhereNothingElseCloses_NothingIsOffered() => Rule.OffersNoFixAsync(
        "class C { void M() { var c = new TcpClient(\"a\", 1); using (var w = [|new StreamWriter(c.GetStream())|]) { w.WriteLine(1); } {|#0:c.GetStream().ReadByte()|}; } }");

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Rule.SurvivesCutsAsync(
        "class C { void M(NetworkStream s) { using (var r = new StreamReader(s, Encoding.UTF8)) { r.ReadLine(); } s.WriteByte(1); using (BinaryWriter w = new(s)) { w.Write(1); } s.WriteByte(1); } }");
}
