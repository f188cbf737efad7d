using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Cli.Scanning;

/// <summary>
/// What a source file declares that no other file of the same compilation may declare as well. Loose folders hold a type twice: one copy
/// for each target framework, a sample's next to the original. Roslyn merges such declarations into one type whose members are
/// ambiguous, binds nothing that names them, and an analyzer sees no sockets there.
/// </summary>
internal sealed class DeclarationKeys
{
    /// <summary>Stands for the entry point that a file with top-level statements declares.</summary>
    private const string EntryPoint = "<top-level statements>";

    private readonly Dictionary<string, string> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TextSpan> _spans = new(StringComparer.Ordinal);
    private readonly List<(TextSpan First, TextSpan Again)> _repeated = [];

    private DeclarationKeys()
    {
    }

    /// <summary>
    /// Key -> mode. Two files go together unless they have a key in common whose modes differ or are empty: a type of one declaration and
    /// a member have the empty mode, a part of a partial type has its kind.
    /// </summary>
    public IReadOnlyDictionary<string, string> Keys => _keys;

    /// <summary>Types that this file declares more than once: where first, and where again.</summary>
    public IReadOnlyList<(TextSpan First, TextSpan Again)> Repeated => _repeated;

    /// <summary>The names of all types declared, without namespace.</summary>
    public HashSet<string> TypeNames { get; } = new(StringComparer.Ordinal);

    /// <summary>The names of all base types, without namespace and type arguments.</summary>
    public HashSet<string> BaseNames { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether the file has top-level statements.</summary>
    public bool HasTopLevelStatements => _keys.ContainsKey(EntryPoint);

    public static DeclarationKeys Of(CompilationUnitSyntax unit)
    {
        DeclarationKeys keys = new();
        keys.AddMembers(unit.Members, "", isPartialType: false);
        foreach (BaseTypeDeclarationSyntax type in unit.DescendantNodes(n => n is CompilationUnitSyntax or BaseNamespaceDeclarationSyntax or TypeDeclarationSyntax).OfType<BaseTypeDeclarationSyntax>())
        {
            keys.TypeNames.Add(type.Identifier.ValueText);
            foreach (BaseTypeSyntax baseType in type.BaseList?.Types ?? [])
            {
                keys.BaseNames.Add(baseType.Type switch
                {
                    QualifiedNameSyntax qualified => qualified.Right.Identifier.ValueText,
                    AliasQualifiedNameSyntax alias => alias.Name.Identifier.ValueText,
                    SimpleNameSyntax simple => simple.Identifier.ValueText,
                    _ => "",
                });
            }
        }

        return keys;
    }

    /// <summary>Whether both can be in one compilation.</summary>
    public bool GoesWith(IReadOnlyDictionary<string, string> others)
    {
        bool isSmaller = _keys.Count <= others.Count;
        IReadOnlyDictionary<string, string> many = isSmaller ? others : _keys;
        foreach ((string key, string mode) in isSmaller ? _keys : others)
        {
            if (many.TryGetValue(key, out string? other) && (mode.Length == 0 || mode != other))
            {
                return false;
            }
        }

        return true;
    }

    private void AddMembers(SyntaxList<MemberDeclarationSyntax> members, string container, bool isPartialType)
    {
        foreach (MemberDeclarationSyntax member in members)
        {
            switch (member)
            {
                case GlobalStatementSyntax:
                    _keys[EntryPoint] = "";
                    break;
                case BaseNamespaceDeclarationSyntax ns:
                    AddMembers(ns.Members, container + ns.Name.ToString().Replace(" ", "") + ".", isPartialType: false);
                    break;
                case TypeDeclarationSyntax { Identifier.ValueText.Length: > 0 } type when !IsFileLocal(type.Modifiers):
                    AddType(type, type.Identifier, type.TypeParameterList, container);
                    break;
                case EnumDeclarationSyntax declaration when !IsFileLocal(declaration.Modifiers):
                    Add(container + declaration.Identifier.ValueText, "", declaration.Span);
                    break;
                case DelegateDeclarationSyntax declaration when !IsFileLocal(declaration.Modifiers):
                    Add(container + Arity(declaration.Identifier, declaration.TypeParameterList), "", declaration.Span);
                    break;
                default:
                    if (isPartialType)
                    {
                        AddMember(member, container);
                    }

                    break;
            }
        }
    }

    private void AddType(TypeDeclarationSyntax type, SyntaxToken identifier, TypeParameterListSyntax? typeParameters, string container)
    {
        string name = container + Arity(identifier, typeParameters);
        bool isPartial = type.Modifiers.Any(SyntaxKind.PartialKeyword);
        if (Add(name, isPartial ? type.Keyword.Text : "", type.Span) && isPartial)
        {
            AddMembers(type.Members, name + "+", isPartialType: true);
        }
    }

    /// <summary>False when this file declared it before and this is a second copy.</summary>
    private bool Add(string key, string mode, TextSpan span)
    {
        if (_keys.TryAdd(key, mode))
        {
            _spans[key] = span;
            return true;
        }

        if (mode.Length == 0 || _keys[key] != mode)
        {
            _repeated.Add((_spans[key], span));
            return false;
        }

        return true;
    }

    private void AddMember(MemberDeclarationSyntax member, string container)
    {
        // A partial member has two parts by design.
        if (member.Modifiers.Any(SyntaxKind.PartialKeyword))
        {
            return;
        }

        switch (member)
        {
            case FieldDeclarationSyntax field:
                AddVariables(field.Declaration, container);
                break;
            case EventFieldDeclarationSyntax field:
                AddVariables(field.Declaration, container);
                break;
            case PropertyDeclarationSyntax { ExplicitInterfaceSpecifier: null } property:
                _keys[container + property.Identifier.ValueText] = "";
                break;
            case EventDeclarationSyntax { ExplicitInterfaceSpecifier: null } declaration:
                _keys[container + declaration.Identifier.ValueText] = "";
                break;
            case MethodDeclarationSyntax method:
                _keys[container + method.ExplicitInterfaceSpecifier + Arity(method.Identifier, method.TypeParameterList) + Signature(method.ParameterList)] = "";
                break;
            case ConstructorDeclarationSyntax constructor:
                _keys[container + (constructor.Modifiers.Any(SyntaxKind.StaticKeyword) ? ".cctor" : ".ctor") + Signature(constructor.ParameterList)] = "";
                break;
            case DestructorDeclarationSyntax:
                _keys[container + "~"] = "";
                break;
            case IndexerDeclarationSyntax { ExplicitInterfaceSpecifier: null } indexer:
                _keys[container + "this" + Signature(indexer.ParameterList)] = "";
                break;
        }
    }

    private void AddVariables(VariableDeclarationSyntax declaration, string container)
    {
        foreach (VariableDeclaratorSyntax variable in declaration.Variables)
        {
            _keys[container + variable.Identifier.ValueText] = "";
        }
    }

    private static string Arity(SyntaxToken identifier, TypeParameterListSyntax? typeParameters) =>
        typeParameters is null ? identifier.ValueText : $"{identifier.ValueText}`{typeParameters.Parameters.Count}";

    private static string Signature(BaseParameterListSyntax parameters) =>
        "(" + string.Join(",", parameters.Parameters.Select(p => p.Type?.ToString().Replace(" ", "") + (IsByReference(p) ? "&" : ""))) + ")";

    private static bool IsByReference(ParameterSyntax parameter) =>
        parameter.Modifiers.Any(m => m.Kind() is SyntaxKind.RefKeyword or SyntaxKind.OutKeyword or SyntaxKind.InKeyword);

    private static bool IsFileLocal(SyntaxTokenList modifiers) => modifiers.Any(SyntaxKind.FileKeyword);
}
