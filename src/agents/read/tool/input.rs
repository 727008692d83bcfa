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
    }
}

impl Input<'_> {
    /// Other agents' spellings of the same members.
    pub(super) fn spelt_alike(self) -> Self {
        let file = self.camel_file.or(self.target_file).or(self.absolute_path);
        let old = self.camel_old.or(self.old_str).or(self.old_text);
        let new = self.camel_new.or(self.new_str).or(self.new_text);
        Input {
            file_path: self.file_path.or(file),
            old_string: self.old_string.or(old),
            new_string: self.new_string.or(new),
            content: self.content.or(self.file_text),
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
    }
}
