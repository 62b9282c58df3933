//! Installs, replaces and removes plugins. The file in use is replaced in one step; processes that have loaded the old
//! one keep it, and the long-running ones start again with the new one.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use riser_domain::{Actor, ConfigurationId, ConnectionId, count_words, sanitize_line};
use riser_store::NewAuditEntry;
use riser_worker_host::{
    CachedLibrary, KeptLibrary, StagedFile, installation_target, is_writable_directory, remove_file,
};

use super::PluginError;
use crate::changes::Change;
use crate::libraries::Library;
use crate::reconfigure::Phase;
use crate::{Inner, Runtime};

/// A plugin that was installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledPlugin {
    pub plugin: String,
    pub name: String,
    pub version: String,
    /// The version that it replaced.
    pub replaced: Option<String>,
    pub file: PathBuf,
    /// The processors that start again, or will use it in their next run.
    pub processors: usize,
}

/// An object of the configuration that uses a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PluginUser {
    Processor { id: ConfigurationId, name: String, class: String },
    Connection { id: ConnectionId, name: String },
}

impl fmt::Display for PluginUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Processor { name, .. } => write!(f, "the processor {name:?}"),
            Self::Connection { name, .. } => write!(f, "the connection {name:?}"),
        }
    }
}

/// A library file to put into a plugin directory.
struct NewLibrary<'a> {
    path: &'a Path,
    sha256: &'a str,
    plugin: &'a str,
    name: &'a str,
    version: &'a str,
}

impl Runtime {
    /// Returns the processors and connections that use a plugin.
    pub fn plugin_users(&self, plugin: &str) -> Vec<PluginUser> {
        self.inner.plugin_users(plugin)
    }

    /// Returns the file that installing a plugin writes.
    ///
    /// # Errors
    /// If no plugin directory that precedes the file in use is writable.
    pub fn installation_target(&self, plugin: &str) -> Result<PathBuf, PluginError> {
        self.inner.installation_target(plugin)
    }

    /// Returns the versions that were replaced, of one plugin, the last replaced one first.
    pub fn kept_versions(&self, plugin: &str) -> Vec<KeptLibrary> {
        self.inner.kept_libraries.list(plugin)
    }

    /// Returns the versions of plugins that were removed.
    pub fn removed_plugins(&self) -> Vec<KeptLibrary> {
        let inner = &*self.inner;
        let ids = inner.kept_libraries.plugins().into_iter();
        let removed = ids.filter(|id| inner.libraries.find(id).is_none());
        removed.flat_map(|id| inner.kept_libraries.list(&id)).collect()
    }

    /// Installs an upload that a worker has checked. It continues when the caller goes away.
    ///
    /// # Errors
    /// Nothing is changed then, except by [`PluginError::NotInUse`].
    pub async fn install_upload(&self, sha256: &str, actor: &Actor) -> Result<InstalledPlugin, PluginError> {
        let upload = self.inner.uploads.find(sha256).ok_or(PluginError::NoSuchUpload)?;
        let actor = actor.clone();
        self.in_task(|inner| async move {
            let description = &upload.description;
            let library = NewLibrary {
                path: &upload.library.path,
                sha256: &upload.library.sha256,
                plugin: &description.id,
                name: &description.name,
                version: &description.version,
            };
            let installed = inner.put_in_place(library, &actor).await?;
            inner.uploads.remove(upload.sha256());
            Ok(installed)
        })
        .await
    }

    /// Uses an earlier version of a plugin again. It continues when the caller goes away.
    ///
    /// # Errors
    /// Nothing is changed then, except by [`PluginError::NotInUse`].
    pub async fn restore_plugin(
        &self,
        plugin: &str,
        sha256: &str,
        actor: &Actor,
    ) -> Result<InstalledPlugin, PluginError> {
        let kept = self.kept_versions(plugin).into_iter().find(|kept| kept.sha256 == sha256);
        let kept = kept.ok_or(PluginError::NoSuchVersion)?;
        let actor = actor.clone();
        self.in_task(|inner| async move {
            let path = inner.kept_libraries.path(&kept);
            let library = NewLibrary {
                path: &path,
                sha256: &kept.sha256,
                plugin: &kept.plugin,
                name: &kept.name,
                version: &kept.version,
            };
            let installed = inner.put_in_place(library, &actor).await?;
            if let Err(error) = inner.kept_libraries.remove(&kept) {
                tracing::warn!("an earlier version of {} was not removed: {error}", kept.plugin);
            }
            Ok(installed)
        })
        .await
    }

    /// Removes a plugin that nothing uses. Its file is kept as an earlier version. It continues when the caller goes
    /// away.
    ///
    /// # Errors
    /// If something uses it, or its file cannot be removed. Nothing is changed then.
    pub async fn remove_plugin(&self, plugin: &str, actor: &Actor) -> Result<(), PluginError> {
        let (plugin, actor) = (plugin.to_owned(), actor.clone());
        self.in_task(|inner| async move { inner.remove_plugin(&plugin, &actor).await }).await
    }

    /// Runs a change to its end, one after the other.
    async fn in_task<T, Work>(
        &self,
        change: impl FnOnce(Arc<Inner>) -> Work + Send + 'static,
    ) -> Result<T, PluginError>
    where
        T: Send + 'static,
        Work: Future<Output = Result<T, PluginError>> + Send,
    {
        let inner = Arc::clone(&self.inner);
        let changing = tokio::spawn(async move {
            let phase = inner.changing.phase().await;
            if *phase == Phase::Ended {
                return Err(PluginError::Ending);
            }
            change(Arc::clone(&inner)).await
        });
        changing.await.unwrap_or(Err(PluginError::Ending))
    }
}

impl Inner {
    fn plugin_users(&self, plugin: &str) -> Vec<PluginUser> {
        let configuration = self.configurations.now();
        let processors = configuration.processors.iter().filter(|it| it.class.plugin == plugin);
        let processors = processors.map(|it| PluginUser::Processor {
            id: it.id,
            name: it.name.clone(),
            class: it.class.class.clone(),
        });
        let is_of_plugin = |kind: &str| kind.rsplit_once('/').is_some_and(|(owner, _)| owner == plugin);
        let connections = configuration.connections.iter().filter(|it| is_of_plugin(&it.kind));
        let connections = connections.map(|it| PluginUser::Connection { id: it.id, name: it.name.clone() });
        processors.chain(connections).collect()
    }

    fn installation_target(&self, plugin: &str) -> Result<PathBuf, PluginError> {
        let in_use = self.libraries.find(plugin);
        let in_use = in_use.as_ref().map(|library| library.cached.source.as_path());
        let directories = self.libraries.directories();
        installation_target(directories, plugin, in_use)
            .ok_or_else(|| PluginError::NotWritable { directories: directories.to_vec() })
    }

    async fn put_in_place(
        &self,
        library: NewLibrary<'_>,
        actor: &Actor,
    ) -> Result<InstalledPlugin, PluginError> {
        let NewLibrary { path, sha256, plugin, name, version } = library;
        let replaced = self.libraries.find(plugin);
        if replaced.as_ref().is_some_and(|replaced| replaced.cached.sha256 == sha256) {
            return Err(PluginError::AlreadyInUse);
        }
        let target = self.installation_target(plugin)?;
        // A few megabytes, on the disk of this machine.
        let staged = tokio::task::block_in_place(|| {
            if let Some(replaced) = &replaced {
                self.keep(replaced, actor)?;
            }
            StagedFile::stage(path, &target).map_err(PluginError::of_write(&target))
        })?;
        let was = replaced.as_ref().map(|replaced| replaced.description.version.clone());
        let detail = format!(
            "version {version}, SHA-256 {sha256}, {}{}",
            target.display(),
            was.as_ref().map(|was| format!(", instead of version {was}")).unwrap_or_default()
        );
        let action = if was.is_some() { "update" } else { "add" };
        self.audit_plugin(actor, action, plugin, &detail).await?;
        staged.commit().map_err(PluginError::of_write(&target))?;
        self.libraries.scan(&self.launcher, &self.problems).await;
        if self.libraries.find(plugin).is_none_or(|now| now.cached.sha256 != sha256) {
            return Err(PluginError::NotInUse);
        }
        self.supervisor.restart_plugin(plugin, actor);
        self.changes.send(Change::Configuration);
        let users = self.plugin_users(plugin);
        let processors = users.iter().filter(|user| matches!(user, PluginUser::Processor { .. })).count();
        tracing::info!(
            plugin.name = plugin,
            "{actor} installed {name} {version} as {}; {} of it",
            target.display(),
            count_words(processors, "processor")
        );
        Ok(InstalledPlugin {
            plugin: plugin.to_owned(),
            name: name.to_owned(),
            version: version.to_owned(),
            replaced: was,
            file: target,
            processors,
        })
    }

    async fn remove_plugin(&self, plugin: &str, actor: &Actor) -> Result<(), PluginError> {
        let library = self.libraries.find(plugin).ok_or(PluginError::NoSuchPlugin)?;
        let users = self.plugin_users(plugin);
        if !users.is_empty() {
            return Err(PluginError::InUse { plugin: library.description.name.clone(), users });
        }
        let CachedLibrary { source: file, sha256, .. } = &library.cached;
        let directory = file.parent().unwrap_or(Path::new("/")).to_owned();
        if file.exists() && !is_writable_directory(&directory) {
            return Err(PluginError::NotWritable { directories: vec![directory] });
        }
        tokio::task::block_in_place(|| self.keep(&library, actor))?;
        let detail = format!("version {}, SHA-256 {sha256}, {}", library.description.version, file.display());
        self.audit_plugin(actor, "remove", plugin, &detail).await?;
        if file.exists() {
            remove_file(file).map_err(PluginError::of_write(file))?;
        }
        self.libraries.forget(plugin, file);
        self.libraries.scan(&self.launcher, &self.problems).await;
        self.changes.send(Change::Configuration);
        tracing::info!(plugin.name = plugin, "{actor} removed {}", file.display());
        Ok(())
    }

    /// Keeps a library that is about to be replaced or removed.
    fn keep(&self, library: &Library, actor: &Actor) -> Result<(), PluginError> {
        let Library { cached, description } = library;
        let facts = KeptLibrary {
            plugin: description.id.clone(),
            name: sanitize_line(&description.name),
            version: sanitize_line(&description.version),
            sha256: cached.sha256.clone(),
            replaced_at_ms: self.clock.now().unix_ms(),
            replaced_by: actor.to_string(),
        };
        self.kept_libraries.keep(cached, &facts).map_err(PluginError::of_write(&self.data_dir))
    }

    async fn audit_plugin(
        &self,
        actor: &Actor,
        action: &str,
        plugin: &str,
        detail: &str,
    ) -> Result<(), PluginError> {
        let entry = NewAuditEntry { action, subject: "plugin", subject_name: plugin, detail };
        Ok(self.store.record_audit(actor, self.clock.now(), entry).await?)
    }
}
