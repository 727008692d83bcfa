//! The members of a call's input that mean the same in many tools.

use crate::agents::read::json::fields;

fields! {
    pub(super) struct Input {
        file_path: "file_path",
        notebook_path: "notebook_path",
        path: "path",
        command: "command",
        cmd: "cmd",
        old_string: "old_string",
        new_string: "new_string",
        new_source: "new_source",
        edits: "edits",
        content: "content",
        input: "input",
        patch: "patch",
        pattern: "pattern",
        query: "query",
        url: "url",
        description: "description",
        prompt: "prompt",
        skill: "skill",
        subject: "subject",
        title: "title",
        name: "name",
        message: "message",
        id: "id",
        camel_file: "filePath",
        camel_old: "oldString",
        camel_new: "newString",
        target_file: "target_file",
        old_str: "old_str",
        new_str: "new_str",
        old_text: "oldText",
        new_text: "newText",
        file_text: "file_text",
        absolute_path: "absolute_path",
        big_command: "CommandLine",
        big_file: "AbsolutePath",
        big_target: "TargetFile",
        big_folder: "DirectoryPath",
        big_search: "SearchPath",
        big_content: "CodeContent",
        big_old: "TargetContent",
        big_new: "ReplacementContent",
        big_edits: "ReplacementChunks",
        big_query: "Query",
        big_pattern: "Pattern",
        big_url: "Url",
        big_prompt: "Prompt",
    }
}

impl Input<'_> {
    /// Other agents' spellings of the same members.
    pub(super) fn spelt_alike(self) -> Self {
        let file = self.camel_file.or(self.target_file).or(self.absolute_path);
        let file = file.or(self.big_file).or(self.big_target);
        let old = self.camel_old.or(self.old_str).or(self.old_text);
        let new = self.camel_new.or(self.new_str).or(self.new_text);
        Input {
            file_path: self.file_path.or(file),
            path: self.path.or(self.big_folder).or(self.big_search),
            command: self.command.or(self.big_command),
            old_string: self.old_string.or(old).or(self.big_old),
            new_string: self.new_string.or(new).or(self.big_new),
            edits: self.edits.or(self.big_edits),
            content: self.content.or(self.file_text).or(self.big_content),
            query: self.query.or(self.big_query),
            pattern: self.pattern.or(self.big_pattern),
            url: self.url.or(self.big_url),
            prompt: self.prompt.or(self.big_prompt),
            ..self
        }
    }
}

fields! {
    pub(super) struct Edit {
        file_path: "file_path",
        old_string: "old_string",
        new_string: "new_string",
        old_text: "oldText",
        new_text: "newText",
        camel_old: "oldString",
        camel_new: "newString",
        big_old: "TargetContent",
        big_new: "ReplacementContent",
    }
}

impl Edit<'_> {
    /// The same of one edit of many.
    pub(super) fn spelt_alike(self) -> Self {
        let old = self.camel_old.or(self.old_text).or(self.big_old);
        let new = self.camel_new.or(self.new_text).or(self.big_new);
        Edit {
            old_string: self.old_string.or(old),
            new_string: self.new_string.or(new),
            ..self
        }
    }
}
